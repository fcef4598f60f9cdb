"""Face detection: from images to boxes with scores.

`Detector` is the interface; the crop stage and prediction depend on nothing else. `OpenVinoFaceDetector` is the default
implementation: YOLOv8-face exported to OpenVINO, which runs without torch. `detector_training` trains and exports it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.boxes import Boxes, box_areas, clip_boxes, suppress_overlaps
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.openvino_requests import Precision, RequestPool, compile_options, infer_ahead
from agelens.data_prep.core.resampling import resize

PAD_VALUE = 114
"""Grey of the letterbox border, the value that ultralytics trains with."""

STRIDE = 32
"""The sides of the network's input are multiples of this."""

MIN_SQUARE_SIDE = 224
"""Smaller images are enlarged to it, so that the face of a thumbnail is large enough to be detected."""

BOX_DECIMALS = 1
"""Boxes are rounded to 0.1 pixel, so that tables are identical regardless of batches and machines."""


@dataclass(frozen=True)
class Detections:
    """The faces of one image, sorted by score.

    Args:
        boxes: `(N, 4)` xyxy in pixels of the image.
        scores: `(N,)` in 0..1.
        turn: Degrees by which the image must be turned clockwise so that the faces are upright: 0, 90, 180 or 270.
    """

    boxes: Boxes
    scores: npt.NDArray[np.float64]
    turn: int = 0

    def __len__(self) -> int:
        return len(self.boxes)


class Detector(Protocol):
    """Finds faces in RGB images; thread-safe."""

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, in the order of the images."""
        ...


@dataclass(frozen=True)
class Letterbox:
    """How an image is fitted into a square: `square = image * scale + (left, top)`."""

    scale: float
    left: int
    top: int


def square_side(height: int, width: int, *, image_size: int) -> int:
    """Return the side of the square for the detection in one image: `image_size`, or less for a smaller image.

    Enlarging an image of 200 x 200 to 320 takes twice as long as detection at 224 and adds no information.
    """
    needed = max(MIN_SQUARE_SIDE, height, width)
    return min(image_size, -(-needed // STRIDE) * STRIDE)


def detect_by_side(
    images: Sequence[Pixels], *, image_size: int, detect: Callable[[Sequence[Pixels], int], list[Detections]]
) -> list[Detections]:
    """Return the faces of each image; call `detect` once for all images with the same `square_side`, with that side."""
    by_side: dict[int, list[int]] = {}
    for place, image in enumerate(images):
        height, width = image.shape[:2]
        by_side.setdefault(square_side(height, width, image_size=image_size), []).append(place)
    found: dict[int, Detections] = {}
    for side, places in by_side.items():
        found.update(zip(places, detect([images[place] for place in places], side), strict=True))
    return [found[place] for place in range(len(images))]


def letterbox(image: Pixels, *, size: int) -> tuple[Pixels, Letterbox]:
    """Fit an image into a grey square `(size, size, 3)` and keep its aspect ratio."""
    height, width = image.shape[:2]
    scale = min(size / height, size / width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size - new_height) // 2, (size - new_width) // 2
    square = np.full((size, size, 3), PAD_VALUE, dtype=np.uint8)
    resized = resize(image, height=new_height, width=new_width, kernel="linear")
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
    """Return the faces in YOLOv8's output `(5, N)`: cx, cy, w, h in pixels of the letterbox, and score.

    Non-maximum suppression drops boxes that overlap one with a higher score by more than `max_overlap` (intersection
    over union). Boxes in the border of the letterbox are dropped too.
    """
    kept = output[:, output[4] >= min_score].astype(np.float64)
    size, corner = kept[2:4].T, kept[:2].T - kept[2:4].T / 2
    scores = kept[4]
    order = suppress_overlaps(np.concatenate([corner, corner + size], axis=1), scores, max_overlap=max_overlap)
    offset = np.array([fitted.left, fitted.top], dtype=float)
    corners = np.concatenate([corner - offset, corner + size - offset], axis=1)[order] / fitted.scale
    boxes = clip_boxes(corners, height=height, width=width).round(BOX_DECIMALS)
    inside = box_areas(boxes) > 0
    return Detections(boxes=boxes[inside], scores=scores[order][inside].round(4))


class OpenVinoFaceDetector:
    """YOLOv8-face with OpenVINO, for prediction, and for the crop stage on a CPU.

    Args:
        path: The exported `.xml`, with its `.bin` beside it.
        image_size: Largest side of the square that images are fitted into, a multiple of 32. A larger one finds smaller
            faces. Smaller images are fitted into a smaller square; see `square_side`.
        min_score: Threshold of the score.
        max_overlap: Boxes with a larger overlap are the same face.
        batch_size: Images in a request. Incomplete requests are filled with empty squares, because a network compiled
            for another shape can round differently. 1 is best for single images, 4 for folders.
        fill_single: Fill the batch of an image that is detected by itself, too. False takes a third of the time for
            one image, in a second network, whose boxes a test compares.
        precision: Precision of the network. With a processor that has bfloat16, it is almost twice as fast and moves
            boxes by less than a test allows; other processors compute in float32.
        device: OpenVINO's name of the device that computes.

    Raises:
        WeightsError: One of the files is missing.
    """

    def __init__(
        self,
        path: Path,
        *,
        image_size: int = 320,
        min_score: float = 0.3,
        max_overlap: float = 0.5,
        batch_size: int = 1,
        fill_single: bool = True,
        precision: Precision = "bfloat16",
        device: str = "CPU",
    ) -> None:
        for part in (path, path.with_suffix(".bin")):
            if not part.is_file():
                msg = f"An exported face detector is an .xml and a .bin file. There is no {part}."
                raise WeightsError(msg)
        self.path, self.image_size, self.min_score, self.max_overlap = path, image_size, min_score, max_overlap
        self.batch_size, self.fill_single, self.precision, self.device = batch_size, fill_single, precision, device
        self._pools: dict[tuple[int, int], RequestPool] = {}
        self.start_lock = threading.Lock()

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, in the order of the images.

        The network treats each image of a request independently, and all requests have one shape, except that of a
        single image without `fill_single`. So boxes do not depend on the other images.
        """
        return detect_by_side(images, image_size=self.image_size, detect=self._detect_in_squares)

    def _detect_in_squares(self, images: Sequence[Pixels], side: int) -> list[Detections]:
        fits: list[Letterbox] = []
        size = self.batch_size if len(images) > 1 or self.fill_single else 1

        def squares() -> Iterator[Pixels]:
            for start in range(0, len(images), size):
                batch, fitted = _fit(images[start : start + size], side=side, size=size)
                fits.extend(fitted)
                yield batch

        found: list[Detections] = []
        with self.pool_for(side, size).borrow() as free, closing(infer_ahead(free, squares())) as requests:
            for request in requests:
                batch = slice(len(found), len(found) + size)
                outputs = request.get_output_tensor(0).data
                found.extend(map(self._decode, outputs, fits[batch], images[batch]))
        return found

    def pool_for(self, side: int, size: int) -> RequestPool:
        """Return the requests for `size` squares of one side; the first call compiles the network."""
        if (side, size) not in self._pools:
            with self.start_lock:
                if (side, size) not in self._pools:
                    shape = (size, side, side, 3)
                    network = compile_network(self.path, shape=shape, precision=self.precision, device=self.device)
                    self._pools[side, size] = RequestPool(network, np.zeros(shape, dtype=np.uint8))
        return self._pools[side, size]

    def _decode(self, output: npt.NDArray[np.float32], fitted: Letterbox, image: Pixels) -> Detections:
        height, width = image.shape[:2]
        return decode_detections(
            output, fitted, height=height, width=width, min_score=self.min_score, max_overlap=self.max_overlap
        )


def _fit(images: Sequence[Pixels], *, side: int, size: int) -> tuple[Pixels, list[Letterbox]]:
    """Return a full batch `(size, side, side, 3)` and how each image is fitted into it."""
    squares = np.full((size, side, side, 3), PAD_VALUE, dtype=np.uint8)
    fitted: list[Letterbox] = []
    for index, image in enumerate(images):
        squares[index], where = letterbox(image, size=side)
        fitted.append(where)
    return squares, fitted


def compile_network(
    path: Path, *, shape: tuple[int, int, int, int], precision: Precision = "bfloat16", device: str = "CPU"
) -> Any:
    """Compile the network for uint8 RGB images `(batch, side, side, 3)` and the throughput of many requests."""
    import openvino as ov  # noqa: PLC0415  `agelens --help` should not import it
    from openvino.preprocess import PrePostProcessor  # noqa: PLC0415

    core = ov.Core()
    model = core.read_model(path)
    model.reshape([shape[0], shape[3], *shape[1:3]])
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    return core.compile_model(steps.build(), device, compile_options(precision, many=True))
