"""The face detector of the stage `crop_faces`: OpenVINO, or torch on a GPU."""

from functools import partial
from pathlib import Path

from agelens.data_prep.faces.cropper import OpenDetector
from agelens.data_prep.faces.detector import Detector, OpenVinoFaceDetector
from agelens.data_prep.faces.fallback import FallbackDetector
from agelens.data_prep.faces.torch_detector import TorchFaceDetector, has_cuda
from agelens.pipeline.config.sections.data import CropFaces
from agelens.weights.defaults import DETECTOR_RUNTIME, DETECTOR_TORCH
from agelens.weights.integrity import trusted_checkpoints

CPU_BATCH = 4
"""Images per OpenVINO request: a tenth faster than single images, with few empty places in the last batch."""


def choose_detector(section: CropFaces) -> tuple[OpenDetector, Path]:
    """Return a function that opens the detector for a given input size in pixels, and the file of its weights."""
    if section.runtime == "torch" or (section.runtime == "auto" and has_cuda()):
        trusted = trusted_checkpoints()
        return partial(_open_torch, section=section, trusted=trusted), DETECTOR_TORCH
    return partial(_open_openvino, section=section), DETECTOR_RUNTIME.with_suffix(".bin")


def _open_openvino(image_size: int, *, section: CropFaces) -> Detector:
    detector = OpenVinoFaceDetector(
        DETECTOR_RUNTIME,
        image_size=image_size,
        min_score=section.fallback_score or section.min_score,
        batch_size=CPU_BATCH,
        precision=section.precision,
    )
    return _with_fallback(detector, section)


def _open_torch(image_size: int, *, section: CropFaces, trusted: frozenset[str]) -> Detector:
    min_score = section.fallback_score or section.min_score
    detector = TorchFaceDetector(DETECTOR_TORCH, image_size=image_size, min_score=min_score, trusted=trusted)
    return _with_fallback(detector, section)


def _with_fallback(detector: Detector, section: CropFaces) -> Detector:
    return FallbackDetector(detector, min_score=section.min_score) if section.fallback_score else detector
