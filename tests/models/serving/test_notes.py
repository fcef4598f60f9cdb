"""Notes on an image: how it was searched."""

import numpy as np
import pytest

from agelens.data_prep.faces.tiles import ScaledDetections
from agelens.models.serving.predictor import AgePredictor
from tests.models.serving.fake_predictor import CARD, SMALL, FakeDetector, FakeNetwork, photograph


class ScaledDetector(FakeDetector):
    """Says at which scale it has searched."""

    def __init__(self, boxes, *, scale: float) -> None:
        super().__init__(boxes)
        self.scale = scale

    def detect(self, images):
        return [ScaledDetections(one.boxes, one.scores, scale=self.scale) for one in super().detect(images)]


@pytest.mark.parametrize(
    ("boxes", "scale", "codes"),
    [
        ([SMALL], 0.25, ["shrunk"]),  # 2.5 pixels for the detector
        ([], 0.2, ["shrunk"]),
        ([SMALL], 0.3, []),
        ([[0, 0, 60, 60]], 0.25, ["shrunk"]),
        ([[0, 0, 60, 60]], 0.55, []),
    ],
)
def test_a_note_says_that_an_image_was_shrunk_much(boxes, scale, codes):
    predictor = AgePredictor(ScaledDetector(boxes, scale=scale), FakeNetwork(), CARD)
    found = predictor.predict(photograph())
    assert [note.partition(":")[0] for note in found.notes] == codes


def test_large_faces_of_a_shrunk_image_have_no_note():
    image = np.full((600, 600, 3), 40, dtype=np.uint8)
    predictor = AgePredictor(ScaledDetector([[50, 50, 500, 500]], scale=0.1), FakeNetwork(), CARD)
    assert predictor.predict(image).notes == ()
