"""The detector and the engine follow the settings and the machine."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from agelens.data_prep.faces.crop_manifest import run_threads
from agelens.data_prep.faces.detector import OpenVinoFaceDetector
from agelens.data_prep.faces.ray_engine import run_ray
from agelens.pipeline.config.sections.data import CropFaces
from agelens.pipeline.faces import detectors
from agelens.pipeline.faces.detectors import choose_detector
from agelens.pipeline.faces.engines import choose_engine
from agelens.weights.defaults import DETECTOR_RUNTIME, DETECTOR_TORCH
from agelens.weights.integrity import trusted_checkpoints

OPENVINO = DETECTOR_RUNTIME.with_suffix(".bin")


@pytest.mark.parametrize(
    ("runtime", "cuda", "weights"),
    [
        ("auto", False, OPENVINO),
        ("auto", True, DETECTOR_TORCH),
        ("openvino", True, OPENVINO),
        ("torch", False, DETECTOR_TORCH),
    ],
)
def test_the_runtime_is_the_configured_one_and_by_default_torch_on_a_gpu(
    runtime: Any, cuda: bool, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "has_cuda", lambda: cuda)
    open_detector, chosen = choose_detector(CropFaces(min_score=0.4, runtime=runtime))
    assert chosen == weights
    pickle.dumps(open_detector)  # it is sent to the actors of a cluster


def test_openvino_is_opened_with_the_settings() -> None:
    open_detector, _ = choose_detector(CropFaces(min_score=0.4, runtime="openvino", precision="float32"))
    detector = open_detector(64)
    assert isinstance(detector, OpenVinoFaceDetector)
    assert (detector.image_size, detector.min_score, detector.precision) == (64, 0.4, "float32")


def test_torch_is_opened_only_with_trusted_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(detectors, "TorchFaceDetector", lambda path, **settings: asked.update(path=path, **settings))
    open_detector, _ = choose_detector(CropFaces(min_score=0.4, runtime="torch"))
    open_detector(64)
    assert asked == {"path": DETECTOR_TORCH, "image_size": 64, "min_score": 0.4, "trusted": trusted_checkpoints()}


def test_the_engine_is_the_configured_one() -> None:
    assert choose_engine("local") is run_threads
    assert choose_engine("ray") is run_ray
