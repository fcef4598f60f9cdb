"""Which faces are kept, by hand: image of 200 x 100 pixels, so that a fallback face needs sides of 30 pixels."""

import numpy as np
import pytest

from agelens.data_prep.faces.detector import Detections
from agelens.data_prep.faces.fallback import FallbackDetector, select_faces

LARGE, OTHER, SMALL = [10, 10, 60, 70], [90, 20, 140, 80], [0, 0, 29, 50]


@pytest.mark.parametrize(
    ("boxes", "scores", "kept"),
    [
        ([], [], []),  # nothing found at all
        ([LARGE, SMALL], [0.9, 0.3], [0, 1]),  # certain faces may be small
        ([LARGE, OTHER], [0.8, 0.2], [0]),  # beside a certain face no uncertain one is kept
        ([LARGE, OTHER], [0.2, 0.25], [1]),  # the best uncertain face, and only it
        ([SMALL], [0.29], []),  # an uncertain face must be large
        ([SMALL, LARGE], [0.29, 0.11], [1]),
    ],
)
def test_certain_faces_or_the_best_large_one(boxes, scores, kept):
    found = Detections(boxes=np.array(boxes, float).reshape(-1, 4), scores=np.array(scores, float))
    chosen = select_faces(found, min_score=0.3, height=100, width=200)
    assert chosen.boxes.tolist() == [boxes[index] for index in kept]
    assert chosen.scores.tolist() == [scores[index] for index in kept]


def test_every_image_is_judged_by_its_own_size():
    class Found:
        def detect(self, images):
            return [Detections(boxes=np.array([[0.0, 0, 40, 40]]), scores=np.array([0.2])) for _ in images]

    small, large = np.zeros((100, 100, 3), np.uint8), np.zeros((400, 400, 3), np.uint8)
    assert [len(faces) for faces in FallbackDetector(Found(), min_score=0.3).detect([small, large])] == [1, 0]
