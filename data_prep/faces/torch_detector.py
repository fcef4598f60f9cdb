"""The face detector as an ultralytics checkpoint, run by torch.

A checkpoint (`.pt`) is a pickle file, which can run any code when it is loaded. So only files with a known hash are
loaded, unless the user states that another one is trusted.
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
"""SHA-256 of the checkpoints that may be loaded; None for any, if the user has stated that it is trusted."""

MAX_FACES = 3000
"""Maximum number of faces in an image; the default of ultralytics, 300, is too low for photographs of crowds."""

GPU_BATCH = 16
"""Images in a batch on a GPU; constant, because another number could change the last digits of a box."""


def import_ultralytics(work: Path) -> Any:
    """Import ultralytics; it must not access a network or install packages, and keeps its settings in `work`."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=str(work.resolve()))
    import ultralytics  # noqa: PLC0415  reads its settings from the environment when it is imported

    return ultralytics


def check_trusted(checkpoint: Path, *, trusted: Trusted) -> None:
    """Raise `WeightsError` unless a checkpoint exists and may be loaded."""
    if not checkpoint.is_file():
        msg = f"There is no checkpoint {checkpoint}."
        raise WeightsError(msg)
    if trusted is None:
        return
    digest = file_hash(checkpoint)
    if digest not in trusted:
        msg = (
            f"{checkpoint} is a pickle file, which can run any code when it is loaded. Its SHA-256 must be that of the "
            f"bundled detector or of one in `agelens weights list`. Received: {digest}. If you trust the source of the "
            "file, use --trust."
        )
        raise WeightsError(msg)


class TorchFaceDetector:
    """YOLOv8-face with torch, by ultralytics: for the crop stage on a GPU, and the reference for the OpenVINO detector.

    Args:
        path: The `.pt`.
        image_size: Largest side of the square that images are fitted into, a multiple of 32; see `square_side`.
        min_score: Threshold of the score.
        max_overlap: Boxes with a larger overlap are the same face.
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
        self._lock = threading.Lock()

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
        with self._lock:
            # rect=False: a square for every image, also if all images of a batch have the same shape.
            results = self._model.predict(bgr, imgsz=side, rect=False, verbose=False, **self._settings)
        return [_as_detections(result) for result in results[: len(images)]]


def has_cuda() -> bool:
    """Return whether torch can use a GPU; without a driver, torch is not imported."""
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
