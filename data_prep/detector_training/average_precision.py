"""Evaluation of a face detector: matching of boxes, average precision, and regions without a face.

Matching and average precision follow PASCAL VOC (Everingham et al., "The PASCAL Visual Object Classes Challenge: A
Retrospective", IJCV 2015): every box is matched to the labelled face that it overlaps most, and "difficult" faces, here
the very small ones, are ignored: they count neither as missed nor as false.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.boxes import Boxes, expand_boxes, pairwise_iou
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.faces.detector import Detections

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MatchedBoxes:
    """Result of matching the boxes of one image, without those on ignored faces.

    Args:
        scores: `(N,)`, in descending order.
        correct: `(N,)`, true for the first box on a face.
        face_count: Number of labelled faces that are not ignored.
    """

    scores: npt.NDArray[np.float64]
    correct: Mask
    face_count: int


def match_detections(
    detections: Detections, faces: Boxes, *, ignored: Mask, excused: Mask | None = None, min_iou: float = 0.5
) -> MatchedBoxes:
    """Match the boxes of one image, by descending score, to its labelled faces.

    A box belongs to the face that it overlaps most, if their intersection over union is at least `min_iou`. The first
    box of a face is correct; further boxes of a face and boxes without a face are false. Boxes that belong to an
    ignored face do not count.

    Args:
        detections: Detected faces.
        faces: `(M, 4)` xyxy, all labelled faces.
        ignored: `(M,)`, true for faces that are ignored.
        excused: `(N,)`, true for boxes that do not count if they belong to no face; none by default. COCO (Lin et al.,
            ECCV 2014) does so for boxes outside of the evaluated range of sizes.
        min_iou: Minimum overlap of a box with its face.
    """
    order = np.argsort(-detections.scores, kind="stable")
    overlaps = pairwise_iou(detections.boxes[order], faces)
    correct, counts = np.zeros(len(order), dtype=bool), np.ones(len(order), dtype=bool)
    if excused is not None:
        counts = ~excused[order]
    taken: set[int] = set()
    for row, overlap in enumerate(overlaps if len(faces) else ()):
        face = int(overlap.argmax())
        if overlap[face] < min_iou:
            continue
        counts[row] = not ignored[face]
        correct[row] = face not in taken
        taken.add(face)
    return MatchedBoxes(detections.scores[order][counts], correct[counts], int((~ignored).sum()))


def average_precision(verdicts: Sequence[MatchedBoxes]) -> float:
    """Return the area under the precision-recall curve of all images, in 0..1.

    All-point interpolation, as PASCAL VOC since 2010: the precision at a recall is the maximum at that recall or above.
    Unlike there, boxes of equal score are added at once, so that the order of the images makes no difference.

    Raises:
        DataError: All faces are ignored.
    """
    face_count = sum(each.face_count for each in verdicts)
    if face_count == 0:
        msg = "Average precision needs at least one labelled face that is not ignored. Received: none."
        raise DataError(msg)
    scores = np.concatenate([each.scores for each in verdicts])
    order = np.argsort(-scores, kind="stable")
    correct = np.concatenate([each.correct for each in verdicts])[order]
    last_of_score = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    found = correct.cumsum()[last_of_score]
    precision = found / (last_of_score + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(found, prepend=0) / face_count) @ best_from_here)


def scaled_sides(faces: Boxes, *, height: int, width: int, longest: int) -> npt.NDArray[np.float64]:
    """Return the shorter sides `(N,)` of faces in pixels of an image that is scaled to `longest` pixels."""
    sides: Boxes = (faces[:, 2:] - faces[:, :2]).min(axis=1)
    return sides * longest / max(height, width)


def pick_free_squares(
    faces: Boxes,
    *,
    height: int,
    width: int,
    rng: np.random.Generator,
    most: int = 4,
    sides: tuple[int, int] = (128, 512),
    margin_fraction: float = 0.2,
    attempts: int = 100,
) -> Boxes:
    """Return random squares of an image that overlap no labelled face and no other square.

    Args:
        faces: `(N, 4)` xyxy.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        rng: Generator of positions and sizes.
        most: Maximum number of squares.
        sides: Minimum and maximum side in whole pixels; all squares lie inside the image.
        margin_fraction: Faces are enlarged on each side by this fraction of their size, because labels are tight.
        attempts: Number of squares to try.

    Returns:
        `(M, 4)` xyxy in whole pixels, with M from 0 to `most`.
    """
    least, greatest = sides[0], min(sides[1], height, width)
    blocked, squares = expand_boxes(faces, margin_fraction=margin_fraction), np.empty((0, 4))
    for _ in range(attempts):
        if least > greatest or len(squares) == most:
            break
        side = rng.integers(least, greatest, endpoint=True)
        x1, y1 = rng.integers([0, 0], [width - side, height - side], endpoint=True)
        square = np.array([[x1, y1, x1 + side, y1 + side]], dtype=np.float64)
        if not pairwise_iou(square, np.concatenate([blocked, squares])).any():
            squares = np.concatenate([squares, square])
    return squares
