"""Where the faces are: a detector turns images into boxes with scores.

`Detector` is the seam: the crop stage, the command line and the tests (with a fake) know nothing else. The detector
that serves is YOLOv8-face exported to OpenVINO, because it needs no torch; `detector_training` makes and exports it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from data_prep.boxes import Boxes, box_areas, clip_boxes
from data_prep.errors import WeightsError
from data_prep.images import Pixels

PAD_VALUE = 114
"""Grey of the letterbox border; the value that ultralytics trains with."""

BOX_DECIMALS = 1
"""Boxes are rounded to 0.1 pixel, so that tables are equal to the byte however the work was shared out."""


@dataclass(frozen=True)
class Detections:
    """The faces of one image, best score first: `boxes (N, 4)` xyxy in its pixels, `scores (N,)` in 0..1."""

    boxes: Boxes
    scores: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.boxes)


class Detector(Protocol):
    """Finds faces in RGB images; any number of threads may ask at a time."""

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, in the order of the images."""
        ...


@dataclass(frozen=True)
class Letterbox:
    """How an image was fitted into a square: `tensor = image * scale + (left, top)`."""

    scale: float
    left: int
    top: int


def letterbox(image: Pixels, *, size: int) -> tuple[Pixels, Letterbox]:
    """Fit an image into a grey `(size, size, 3)` square without changing its proportions."""
    height, width = image.shape[:2]
    scale = min(size / height, size / width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size - new_height) // 2, (size - new_width) // 2
    square = np.full((size, size, 3), PAD_VALUE, dtype=np.uint8)
    resized = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    square[top : top + new_height, left : left + new_width] = resized
    return square, Letterbox(scale=scale, left=left, top=top)


def decode_detections(
    output: npt.NDArray[np.float32],
    fitted: Letterbox,
    *,
    height: int,
    width: int,
    min_score: float,
    max_overlap: float,
) -> Detections:
    """Turn YOLOv8's raw output `(5, N)` (cx, cy, w, h, score in letterbox pixels) into faces of the image.

    Boxes that overlap a better one by more than `max_overlap` (intersection over union) are dropped, and so are those
    that lie wholly in the letterbox border.
    """
    kept = output[:, output[4] >= min_score].astype(np.float64)
    size, corner = kept[2:4].T, kept[:2].T - kept[2:4].T / 2
    scores = kept[4]
    chosen = cv2.dnn.NMSBoxes(np.concatenate([corner, size], axis=1).tolist(), scores.tolist(), 0.0, max_overlap)
    order = np.asarray(chosen, dtype=int).reshape(-1)
    order = order[np.lexsort((order, -scores[order]))]
    offset = np.array([fitted.left, fitted.top], dtype=float)
    corners = np.concatenate([corner - offset, corner + size - offset], axis=1)[order] / fitted.scale
    boxes = clip_boxes(corners, height=height, width=width).round(BOX_DECIMALS)
    inside = box_areas(boxes) > 0
    return Detections(boxes=boxes[inside], scores=scores[order][inside].round(4))


class OpenVinoFaceDetector:
    """YOLOv8-face on OpenVINO: what serves, and what the crop stage uses on a CPU.

    Args:
        path: The exported `.xml`, with its `.bin` beside it.
        image_size: Side of the square that images are fitted into, a multiple of 32; larger finds smaller faces.
        min_score: Lowest score that counts as a face.
        max_overlap: Boxes that overlap a better one by more are the same face.

    Raises:
        WeightsError: One of the files is missing.
    """

    def __init__(self, path: Path, *, image_size: int = 320, min_score: float = 0.3, max_overlap: float = 0.5) -> None:
        for part in (path, path.with_suffix(".bin")):
            if not part.is_file():
                msg = f"An exported face detector is an .xml and a .bin file. There is no {part}."
                raise WeightsError(msg)
        self.image_size, self.min_score, self.max_overlap = image_size, min_score, max_overlap
        self._network = compile_network(path, image_size=image_size)
        self._own = threading.local()
        # OpenVINO prepares things of its own at the first request, and two threads that are first wait for ever: one
        # holds the interpreter's lock and wants OpenVINO's, the other the reverse. So the first is made here, alone.
        self.detect([np.full((image_size, image_size, 3), PAD_VALUE, dtype=np.uint8)])

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, in the order of the images.

        Each image is its own request of one fixed shape, so its boxes do not depend on what else is in the batch.
        """
        if not hasattr(self._own, "ring"):
            self._own.ring = make_requests(self._network)
        ring: list[Any] = self._own.ring
        fitted: list[Letterbox] = []
        found: list[Detections] = []
        for index in range(len(images) + len(ring)):
            request = ring[index % len(ring)]
            if index >= len(ring) and len(found) < len(images):
                request.wait()
                output = request.get_output_tensor(0).data[0]
                found.append(self._decode(output, fitted[len(found)], images[len(found)]))
            if index < len(images):
                square, where = letterbox(images[index], size=self.image_size)
                fitted.append(where)
                request.start_async({0: square[None]})
        return found

    def _decode(self, output: npt.NDArray[np.float32], fitted: Letterbox, image: Pixels) -> Detections:
        height, width = image.shape[:2]
        return decode_detections(
            output, fitted, height=height, width=width, min_score=self.min_score, max_overlap=self.max_overlap
        )


def compile_network(path: Path, *, image_size: int) -> Any:
    """Compile the network for square uint8 RGB images, in float32, for many at a time."""
    import openvino as ov  # noqa: PLC0415  `agelens --help` must not wait for it
    from openvino.preprocess import PrePostProcessor  # noqa: PLC0415

    core = ov.Core()
    model = core.read_model(path)
    model.reshape([1, 3, image_size, image_size])
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    return core.compile_model(steps.build(), "CPU", settings)


def make_requests(network: Any) -> list[Any]:
    """Return as many requests to a compiled network as pay at a time.

    Not OpenVINO's AsyncInferQueue: its callbacks need the interpreter, and two queues in two threads wait for ever.
    """
    count: int = network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    return [network.create_infer_request() for _ in range(count)]
