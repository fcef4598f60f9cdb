"""Training images for the face detector: YOLO labels, tight crops, squares without a face, and blank images.

Age data sets consist of portraits and ready-made crops. So the training images need faces that fill 40 to 100 % of the
image and heads that are rotated by up to 30 degrees, which are rare in WIDER FACE.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.boxes import pairwise_iou
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.detector_training.average_precision import pick_free_squares
from agelens.data_prep.faces.detector import Detector

HARD_SCORES = (0.05, 0.8)
"""Range of the best score in a hard square: lower ones have little effect, higher ones are often unlabelled faces."""

BORDERS = (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101)


def read_yolo_boxes(path: Path, *, height: int, width: int) -> npt.NDArray[np.float64]:
    """Read one YOLO label file (`class cx cy w h`, fractions of the image) as `(N, 4)` xyxy pixels.

    A photograph without a label file has no face; YOLO calls it a background image.

    Raises:
        DataError: A line does not have five numbers.
    """
    if not path.is_file():
        return np.empty((0, 4))
    try:
        rows = [[float(number) for number in line.split()] for line in path.read_text().splitlines() if line.strip()]
    except ValueError:
        rows = [[]]
    if any(len(row) != 5 for row in rows):
        msg = f"Each line of a YOLO label file must have five numbers (class cx cy w h). See {path}."
        raise DataError(msg)
    cx, cy, w, h = np.array(rows, dtype=np.float64).reshape(-1, 5)[:, 1:].T
    return np.stack([(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height], axis=1)


def yolo_lines(boxes: npt.NDArray[np.float64], *, height: int, width: int) -> str:
    """Return boxes `(N, 4)`, xyxy in pixels, as the text of a YOLO label file with class 0."""
    x1, y1, x2, y2 = boxes.T
    columns = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
    return "".join(f"0 {cx:.6f} {cy:.6f} {w:.6f} {h:.6f}\n" for cx, cy, w, h in zip(*columns, strict=True))


def rotate_boxes(boxes: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the bounding boxes of the ellipses inscribed in boxes `(N, 4)` after an affine transformation `(2, 3)`.

    A face has the shape of an ellipse rather than of a rectangle. The bounding box of a rectangle that is rotated by 30
    degrees would be up to a third larger, and the detector would learn loose boxes.
    """
    center = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], axis=1)
    radius = np.stack([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]], axis=1) / 2
    moved = center @ matrix[:, :2].T + matrix[:, 2]
    extent = np.sqrt((radius**2) @ (matrix[:, :2].T ** 2))
    return np.concatenate([moved - extent, moved + extent], axis=1)


def cut_tight_crop(
    image: npt.NDArray[np.uint8],
    boxes: npt.NDArray[np.float64],
    *,
    which: int,
    size: int,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Cut a square around box `which`, with random rotation and shift, and return it with its boxes.

    The face takes 40 to 105 % of the square's side. Boxes of which less than half is visible are dropped: they are rare
    in a tight crop, and the pipeline uses the largest face.

    Returns:
        The crop `(size, size, 3)` and boxes `(N, 4)`, xyxy clipped to it.
    """
    x1, y1, x2, y2 = boxes[which]
    side = max(x2 - x1, y2 - y1) / rng.uniform(0.40, 1.05)
    shift = rng.uniform(-0.12, 0.12, size=2) * side
    angle = rng.uniform(-30, 30) if rng.random() < 0.6 else rng.uniform(-8, 8)
    matrix = cv2.getRotationMatrix2D(((x1 + x2) / 2, (y1 + y2) / 2), angle, size / side)
    matrix[:, 2] += size / 2 - np.array([(x1 + x2) / 2, (y1 + y2) / 2]) + shift * size / side
    border = BORDERS[rng.integers(len(BORDERS))]
    crop = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    rotated = rotate_boxes(boxes, matrix)
    clipped = rotated.clip(0, size)
    area = np.prod(rotated[:, 2:] - rotated[:, :2], axis=1)
    visible = np.prod((clipped[:, 2:] - clipped[:, :2]).clip(0), axis=1)
    return np.asarray(crop, dtype=np.uint8), clipped[visible > 0.5 * area]


def tight_crops(
    image: npt.NDArray[np.uint8],
    boxes: npt.NDArray[np.float64],
    *,
    most: int,
    size: int,
    min_side: float,
    rng: np.random.Generator,
) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]]:
    """Yield up to `most` tight crops of a photograph, around its largest faces of at least `min_side` pixels."""
    sides = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    for which in np.argsort(-sides)[:most]:
        if sides[which] >= min_side:
            yield cut_tight_crop(image, boxes, which=int(which), size=size, rng=rng)


def hard_squares(
    image: Pixels,
    boxes: npt.NDArray[np.float64],
    detector: Detector,
    *,
    most: int,
    rng: np.random.Generator,
    candidates: int = 12,
) -> npt.NDArray[np.float64]:
    """Return squares `(M, 4)` without a labelled face in which the detector's best score is highest (hard negatives).

    M is at most `most`. The squares do not overlap, so that one object is not used several times.
    """
    height, width = image.shape[:2]
    drawn = [pick_free_squares(boxes, height=height, width=width, rng=rng) for _ in range(candidates // 4)]
    squares = np.concatenate([np.empty((0, 4)), *drawn])
    found = detector.detect([image[y1:y2, x1:x2] for x1, y1, x2, y2 in squares.astype(int)])
    scores = np.array([each.scores.max(initial=0) for each in found])
    kept = np.empty((0, 4))
    for index in np.argsort(-scores, kind="stable"):
        if len(kept) == most or not HARD_SCORES[0] <= scores[index] <= HARD_SCORES[1]:
            continue
        if not pairwise_iou(squares[[index]], kept).any():
            kept = np.concatenate([kept, squares[[index]]])
    return kept


def blank_images(count: int, *, size: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield images without objects: one colour, a linear gradient, or a gradient with coarse noise."""
    ramp = np.linspace(0, 1, size)
    for index in range(count):
        first, second = rng.uniform(0, 255, (2, 3))
        slope = (ramp[:, None] * rng.uniform(-1, 1) + ramp[None] * rng.uniform(-1, 1))[..., None]
        image = first + slope * (second - first) * (index % 3 > 0)
        if index % 3 == 2:
            noise = rng.normal(0, 50, (rng.integers(3, 40),) * 2 + (3,))
            image = image + cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)
        yield np.asarray(image.clip(0, 255).round(), dtype=np.uint8) * np.ones((size, size, 1), dtype=np.uint8)
