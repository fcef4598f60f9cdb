"""Where the faces are: a detector turns images into boxes with scores.

`Detector` is the seam: the crop stage, the command line and the tests (with a fake) know nothing else. The detector
that serves is YOLOv8-face exported to OpenVINO, because it needs no torch; `detector_training` makes and exports it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.boxes import Boxes, box_areas, clip_boxes
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.openvino_requests import Precision, compile_options, infer_ahead, make_requests

PAD_VALUE = 114
"""Grey of the letterbox border; the value that ultralytics trains with."""

STRIDE = 32
"""The network's squares have sides that are multiples of this."""

SMALLEST_SQUARE = 224
"""Smaller images are enlarged to it, so that a thumbnail's face is not too small to be found."""

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


def square_side(height: int, width: int, *, image_size: int) -> int:
    """Return the side of the square that an image is looked at in: `image_size`, or less where the image is smaller.

    An image of 200 x 200 enlarged to 320 takes twice the time of one in a square of 224, and shows no more.
    """
    needed = max(SMALLEST_SQUARE, height, width)
    return min(image_size, -(-needed // STRIDE) * STRIDE)


def detect_by_side(
    images: Sequence[Pixels], *, image_size: int, detect: Callable[[Sequence[Pixels], int], list[Detections]]
) -> list[Detections]:
    """Return the faces of each image, where `detect` is shown all images of a `square_side` together, and the side."""
    places: dict[int, list[int]] = {}
    for place, image in enumerate(images):
        height, width = image.shape[:2]
        places.setdefault(square_side(height, width, image_size=image_size), []).append(place)
    found: dict[int, Detections] = {}
    for side, some in places.items():
        found.update(zip(some, detect([images[place] for place in some], side), strict=True))
    return [found[place] for place in range(len(images))]


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
        image_size: Largest side of the square that images are fitted into, a multiple of 32; larger finds smaller
            faces. Smaller images get a smaller square, see `square_side`.
        min_score: Lowest score that counts as a face.
        max_overlap: Boxes that overlap a better one by more are the same face.
        batch_size: Images of a request. A request is always full, if need be of empty squares, because a network of
            another shape may round otherwise; so 1 is best for single images, and 4 for folders.
        precision: What the network computes in. Where a processor knows bfloat16 it is almost twice as fast, and no box
            moves enough to matter (a test holds it against ultralytics); where it does not, float32 is taken.

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
        precision: Precision = "bfloat16",
    ) -> None:
        for part in (path, path.with_suffix(".bin")):
            if not part.is_file():
                msg = f"An exported face detector is an .xml and a .bin file. There is no {part}."
                raise WeightsError(msg)
        self.path, self.image_size, self.min_score, self.max_overlap = path, image_size, min_score, max_overlap
        self.batch_size, self.precision = batch_size, precision
        self._networks: dict[int, Any] = {}
        self.start_lock = threading.Lock()
        self._own = threading.local()

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, in the order of the images.

        Requests are of one fixed shape, and a network treats each image of one alone, so boxes do not depend on what
        else is asked for.
        """
        return detect_by_side(images, image_size=self.image_size, detect=self._detect_in_squares)

    def _detect_in_squares(self, images: Sequence[Pixels], side: int) -> list[Detections]:
        fits: list[Letterbox] = []

        def squares() -> Iterator[Pixels]:
            for start in range(0, len(images), self.batch_size):
                together, fitted = self._fit(images[start : start + self.batch_size], side=side)
                fits.extend(fitted)
                yield together

        found: list[Detections] = []
        with closing(infer_ahead(self.requests_for(side), squares())) as requests:
            for request in requests:
                some = slice(len(found), len(found) + self.batch_size)
                outputs = request.get_output_tensor(0).data
                found.extend(map(self._decode, outputs, fits[some], images[some]))
        return found

    def _fit(self, images: Sequence[Pixels], *, side: int) -> tuple[Pixels, list[Letterbox]]:
        """Return a full batch `(batch_size, side, side, 3)` and how each image was fitted into it."""
        squares = np.full((self.batch_size, side, side, 3), PAD_VALUE, dtype=np.uint8)
        fitted: list[Letterbox] = []
        for index, image in enumerate(images):
            squares[index], where = letterbox(image, size=side)
            fitted.append(where)
        return squares, fitted

    def requests_for(self, side: int) -> list[Any]:
        """Return this thread's requests for squares of one side; the network is compiled for the first that asks."""
        rings: dict[int, list[Any]] = self._own.__dict__.setdefault("rings", {})
        if side not in rings:
            with self.start_lock:
                if side not in self._networks:
                    shape = (self.batch_size, side, side, 3)
                    self._networks[side] = compile_network(self.path, shape=shape, precision=self.precision)
                    # OpenVINO prepares things of its own at a network's first request, and two threads that are first
                    # wait for ever: one holds the interpreter's lock and wants OpenVINO's, the other the reverse.
                    make_requests(self._networks[side])[0].infer({0: np.zeros(shape, dtype=np.uint8)})
            rings[side] = make_requests(self._networks[side])
        return rings[side]

    def _decode(self, output: npt.NDArray[np.float32], fitted: Letterbox, image: Pixels) -> Detections:
        height, width = image.shape[:2]
        return decode_detections(
            output, fitted, height=height, width=width, min_score=self.min_score, max_overlap=self.max_overlap
        )


def compile_network(path: Path, *, shape: tuple[int, int, int, int], precision: Precision = "bfloat16") -> Any:
    """Compile the network for uint8 RGB images `(batch, side, side, 3)`, for many requests at a time."""
    import openvino as ov  # noqa: PLC0415  `agelens --help` must not wait for it
    from openvino.preprocess import PrePostProcessor  # noqa: PLC0415

    core = ov.Core()
    model = core.read_model(path)
    model.reshape([shape[0], shape[3], *shape[1:3]])
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    return core.compile_model(steps.build(), "CPU", compile_options(precision, many=True))
