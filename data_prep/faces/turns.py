"""Photographs that are stored sideways or upside down without an orientation in their EXIF.

A detector that was trained on upright faces misses most others. Where it finds none, the image is turned and searched
again; photographs with a face are searched once.
"""

from collections.abc import Sequence

import numpy as np

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.detector import Detections, Detector

TURNS = (180, 90, 270)
"""Degrees clockwise by which an image without a face is turned."""

TURNED_SCORE = 0.5
"""Smallest score of a face in a turned image: three more searches would give three times as many false faces."""


def turn_image(image: Pixels, degrees: int) -> Pixels:
    """Return an image turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.ascontiguousarray(np.rot90(image, k=-degrees // 90))


def turn_boxes(boxes: Boxes, degrees: int, *, height: int, width: int) -> Boxes:
    """Return boxes of an image as boxes of the image turned clockwise.

    Args:
        boxes: `(N, 4)` xyxy in pixels of the image.
        degrees: 0, 90, 180 or 270.
        height: Of the image.
        width: Of the image.
    """
    x1, y1, x2, y2 = np.asarray(boxes, dtype=np.float64).reshape(-1, 4).T
    turned = {
        0: (x1, y1, x2, y2),
        90: (height - y2, x1, height - y1, x2),
        180: (width - x2, height - y2, width - x1, height - y1),
        270: (y1, width - x2, y2, width - x1),
    }[degrees]
    return np.stack(turned, axis=1)


def turn_back(boxes: Boxes, degrees: int, *, height: int, width: int) -> Boxes:
    """Return boxes of a turned image as boxes of the image that was turned, of this height and width."""
    sides = (width, height) if degrees % 180 else (height, width)
    return turn_boxes(boxes, -degrees % 360, height=sides[0], width=sides[1])


class TurningDetector:
    """Searches an image in which no face is found again, turned by 90, 180 and 270 degrees.

    Args:
        detector: Finds upright faces.
        min_score: Threshold of faces in turned images.
    """

    def __init__(self, detector: Detector, *, min_score: float = TURNED_SCORE) -> None:
        self.detector, self.min_score = detector, min_score

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, in the order of the images; boxes are pixels of the image as it is."""
        found = self.detector.detect(images)
        return [faces if len(faces) else self._turned(image) for image, faces in zip(images, found, strict=True)]

    def _turned(self, image: Pixels) -> Detections:
        """Return the faces of the turn with the best one, or none."""
        height, width = image.shape[:2]
        best = Detections(np.zeros((0, 4)), np.zeros(0))
        for degrees in TURNS:
            (faces,) = self.detector.detect([turn_image(image, degrees)])
            sure = faces.scores >= self.min_score
            if sure.any() and faces.scores.max() > best.scores.max(initial=0):
                boxes = turn_back(faces.boxes[sure], degrees, height=height, width=width)
                best = Detections(boxes, faces.scores[sure], turn=degrees)
        return best
