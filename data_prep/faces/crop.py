"""Cutting of crops: the same function for training and prediction."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from agelens.data_prep.core.boxes import Boxes, box_areas, clip_boxes, expand_boxes, square_boxes
from agelens.data_prep.core.errors import ImageError, ParamsError
from agelens.data_prep.core.images import MAX_PIXELS, Pixels
from agelens.data_prep.core.resampling import resize
from agelens.data_prep.faces.detector import Detections

NoFace = Literal["drop", "whole_image"]

MAX_WINDOW = 4 * MAX_PIXELS
"""Most pixels of a square around a face; the square around a banner of 60,000 x 1,000 pixels would need 11 GB."""

MAX_MARGIN = 2.0
"""Widest margin on each side, as a fraction of the box: the face is then a twenty-fifth of the crop."""

CUBIC_SHRINKAGE = 1.5
"""Up to this factor, cubic interpolation uses every pixel, in a quarter of the time of area averaging."""


@dataclass(frozen=True)
class CropShape:
    """How crops are cut. An exported model stores it, so that prediction cuts the same crops as training.

    Args:
        size: Side of the crop in pixels.
        margin_fraction: Margin on each side, as a fraction of the box's width and height.
        square: Cut a square, so that a face keeps its aspect ratio. Near the border the square is moved inwards. If the
            image is too small for the margin, as in ready-made crops, the margin shrinks. If false, the box with its
            margin is clipped at the border and stretched, as the seed project did.
    """

    size: int = 160
    margin_fraction: float = 0.15
    square: bool = True

    def __post_init__(self) -> None:
        """Raise `ParamsError` unless the margin is a number from 0 to `MAX_MARGIN`."""
        if not 0 <= self.margin_fraction <= MAX_MARGIN:  # also NaN
            msg = (
                f"The margin of a crop must be 0 to {MAX_MARGIN:g} sides of the box. "
                f"Received: margin_fraction {self.margin_fraction:g}; a margin that cuts into the box is not supported."
            )
            raise ParamsError(msg)


@dataclass(frozen=True)
class Face:
    """One face of an image, with its crop.

    Args:
        crop: `uint8 (S, S, 3)` RGB.
        box: `(4,)` xyxy in pixels of the image, without margin.
        score: The detector's score, or None if the crop is the whole image.
    """

    crop: Pixels
    box: Boxes
    score: float | None

    @property
    def found(self) -> str:
        """`detector`, or `whole_image` if no face was found in an image of a source that consists of crops."""
        return "whole_image" if self.score is None else "detector"


def crop_face(image: Pixels, box: Boxes, shape: CropShape) -> Pixels:
    """Cut the crop of one face.

    Args:
        image: `(height, width, 3)`.
        box: `(4,)` xyxy, without margin.
        shape: Size, margin and aspect ratio.

    Returns:
        `uint8 (S, S, 3)`, resized with cubic interpolation, or with area averaging if it shrinks by more than
        `CUBIC_SHRINKAGE`.

    Raises:
        ImageError: `too_large`: the box with its margin has more than `MAX_WINDOW` pixels.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = _window(box, shape, height=height, width=width)
    if (x2 - x1) * (y2 - y1) > MAX_WINDOW:
        reason, detail = "too_large", f"the face and its margin take {x2 - x1} x {y2 - y1} pixels"
        raise ImageError(reason, detail)
    window = image[max(y1, 0) : max(y2, 1), max(x1, 0) : max(x2, 1)]
    missing = (max(-y1, 0), max(y2 - height, 0), max(-x1, 0), max(x2 - width, 0))
    if any(missing):
        window = np.pad(window, (missing[:2], missing[2:], (0, 0)), mode="edge")
    much = max(window.shape[:2]) > CUBIC_SHRINKAGE * shape.size
    return resize(window, height=shape.size, width=shape.size, kernel="area" if much else "cubic")


def box_in_crop(box: Boxes, shape: CropShape, *, height: int, width: int) -> Boxes:
    """Return a face's box in pixels of the crop that `crop_face` cuts.

    Args:
        box: `(4,)` xyxy in pixels of the image, without margin.
        shape: Size, margin and aspect ratio of the crop.
        height: Of the image.
        width: Of the image.

    Returns:
        `(4,)` xyxy in pixels of the crop.
    """
    x1, y1, x2, y2 = _window(box, shape, height=height, width=width)
    scale = shape.size / np.array([x2 - x1, y2 - y1, x2 - x1, y2 - y1])
    inside: Boxes = (np.asarray(box) - [x1, y1, x1, y1] + 0.5) * scale - 0.5  # centres of pixels
    return inside


def _window(box: Boxes, shape: CropShape, *, height: int, width: int) -> tuple[int, int, int, int]:
    """Return the part of an image, in whole pixels, that becomes the crop of a face: x1, y1, x2, y2."""
    if shape.square:
        grown = _square_window(box, margin_fraction=shape.margin_fraction, height=height, width=width)
    else:
        grown = clip_boxes(expand_boxes(box, margin_fraction=shape.margin_fraction), height=height, width=width)
    x1, y1, x2, y2 = (int(value) for value in np.round(grown))
    x1, y1 = min(x1, width - 1), min(y1, height - 1)
    return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)


def _square_window(box: Boxes, *, margin_fraction: float, height: int, width: int) -> Boxes:
    """Return the square around a box with as much of its margin as fits, moved into the image if possible.

    The square extends beyond the image only for a box longer than the image's shorter side. There, `crop_face` repeats
    the border.
    """
    face = square_boxes(box)
    side = face[2] - face[0]
    room = max(float(side), min(side * (1 + 2 * margin_fraction), height, width))
    corner = (face[:2] + face[2:]) / 2 - room / 2
    spare = np.array([width, height]) - room
    inside = np.where(spare >= 0, corner.clip(0, np.maximum(spare, 0)), spare / 2)
    return np.concatenate([inside, inside + room])


def cut_faces(image: Pixels, detections: Detections, shape: CropShape, *, limit: int | None = None) -> list[Face]:
    """Return the detected faces of an image with their crops, largest first; at most `limit`, if it is given."""
    return [_cut_face(image, detections, index, shape) for index in _largest_first(detections)[:limit]]


def cut_largest_face(image: Pixels, detections: Detections, shape: CropShape, *, no_face: NoFace) -> Face:
    """Return the largest face of an image with its crop.

    Args:
        image: `(height, width, 3)`.
        detections: Its faces.
        shape: Size, margin and aspect ratio.
        no_face: What to do without a face: `drop` raises an error; `whole_image` uses the whole image without margin,
            for sources of ready-made crops.

    Raises:
        ImageError: `no_face`, or the errors of `crop_face`.
    """
    if len(detections):
        return _cut_face(image, detections, _largest_first(detections)[0], shape)
    if no_face == "drop":
        reason, detail = "no_face", "the detector found none; with no_face: whole_image the whole image would be used"
        raise ImageError(reason, detail)
    height, width = image.shape[:2]
    whole = np.array([0, 0, width, height], dtype=float)
    return Face(crop_face(image, whole, shape), whole, None)  # there is no room for a margin


def _largest_first(detections: Detections) -> list[int]:
    return [int(index) for index in np.argsort(-box_areas(detections.boxes), kind="stable")]


def _cut_face(image: Pixels, detections: Detections, index: int, shape: CropShape) -> Face:
    box = detections.boxes[index]
    return Face(crop_face(image, box, shape), box, float(detections.scores[index]))
