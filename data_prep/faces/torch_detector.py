"""The face detector as ultralytics trained it: loaded only if its maker is trusted, and run by torch.

A checkpoint (`.pt`) is a pickle, and a pickle may run any code while it is loaded. So only files of known content are
loaded, unless the user says that another one is to be trusted.
"""

import os
import tempfile
import threading
from collections.abc import Collection, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from agelens.data_prep.core.boxes import box_areas, clip_boxes
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.detector import BOX_DECIMALS, PAD_VALUE, Detections, detect_by_side

Trusted = Collection[str] | None
"""SHA-256 of the checkpoints that may be loaded; None for any, where the user has said so."""

MAX_FACES = 3000
"""Faces in an image; ultralytics keeps 300 unless told otherwise, and a stadium holds more."""

GPU_BATCH = 16
"""Images that a GPU gets at a time, always as many: another number might change the last digits of a box."""


def import_ultralytics(work: Path) -> Any:
    """Import ultralytics so that it asks no network, installs nothing and keeps its settings in `work`."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=str(work.resolve()))
    import ultralytics  # noqa: PLC0415  reads its settings from the environment when it is imported

    return ultralytics


def check_trusted(checkpoint: Path, *, trusted: Trusted) -> None:
    """Raise `WeightsError` unless a checkpoint is there and may be loaded."""
    if not checkpoint.is_file():
        msg = f"There is no checkpoint {checkpoint}."
        raise WeightsError(msg)
    if trusted is None:
        return
    digest = file_hash(checkpoint)
    if digest not in trusted:
        msg = (
            f"{checkpoint} is a pickle, which can run any code when it is loaded, and it is no file that this project "
            f"knows: its SHA-256 {digest} is neither the embedded detector's nor one of `agelens weights list`. If you "
            "trust whoever made it, say --trust."
        )
        raise WeightsError(msg)


class TorchFaceDetector:
    """YOLOv8-face on torch, by ultralytics: what the crop stage uses on a GPU, and what the fast path is held against.

    Args:
        path: The `.pt`.
        image_size: Largest side of the square that images are fitted into, a multiple of 32; see `square_side`.
        min_score: Lowest score that counts as a face.
        max_overlap: Boxes that overlap a better one by more are the same face.
        trusted: SHA-256 of the checkpoints that may be loaded.

    Raises:
        WeightsError: The file is missing or not trusted.
    """

    def __init__(
        self,
        path: Path,
        *,
        image_size: int = 320,
        min_score: float = 0.3,
        max_overlap: float = 0.5,
        trusted: Trusted = (),
    ) -> None:
        check_trusted(path, trusted=trusted)
        with tempfile.TemporaryDirectory() as settings:
            self._model = import_ultralytics(Path(settings)).YOLO(str(path))
        self.image_size = image_size
        self._settings = {"conf": min_score, "iou": max_overlap, "max_det": MAX_FACES}
        self._batch = GPU_BATCH if has_cuda() else 1
        self._one_at_a_time = threading.Lock()

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, in the order of the images."""
        return detect_by_side(images, image_size=self.image_size, detect=self._detect_in_squares)

    def _detect_in_squares(self, images: Sequence[Pixels], side: int) -> list[Detections]:
        starts = range(0, len(images), self._batch)
        batches = (self._detect_batch(images[start : start + self._batch], side=side) for start in starts)
        return list(chain.from_iterable(batches))

    def _detect_batch(self, images: Sequence[Pixels], *, side: int) -> list[Detections]:
        blank = np.full((32, 32, 3), PAD_VALUE, dtype=np.uint8)
        filled = [*images, *[blank] * (self._batch - len(images))]
        bgr = [np.ascontiguousarray(image[..., ::-1]) for image in filled]
        with self._one_at_a_time:
            # rect=False: a square for every image, also where all of a batch have the same shape.
            results = self._model.predict(bgr, imgsz=side, rect=False, verbose=False, **self._settings)
        return [_as_detections(result) for result in results[: len(images)]]


def has_cuda() -> bool:
    """Return whether torch can use a GPU; where there is no driver, torch is not even imported for the question."""
    if not Path("/proc/driver/nvidia").exists():
        return False
    try:
        import torch  # noqa: PLC0415  takes seconds to import
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())


def _as_detections(result: Any) -> Detections:
    height, width = result.orig_shape
    boxes = clip_boxes(result.boxes.xyxy.cpu().numpy().astype(np.float64), height=height, width=width)
    boxes = boxes.round(BOX_DECIMALS)
    scores = result.boxes.conf.cpu().numpy().astype(np.float64).round(4)
    inside = box_areas(boxes) > 0
    return Detections(boxes=boxes[inside], scores=scores[inside])
