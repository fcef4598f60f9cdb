"""A predictor with a fake detector and a fake network, and a photograph for it."""

from collections.abc import Sequence

import numpy as np

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.detector import Detections
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictor import AgePredictor
from tests.factories import FIVE_GROUPS

SHAPE = CropShape(size=16, margin_fraction=0.0)
CARD = ModelCard(
    name="grey level",
    shape=SHAPE,
    framing=Framing("box", SHAPE.size),
    detector={"image_size": 320, "min_score": 0.3},
    groups=FIVE_GROUPS,
    calibration=Calibration(coverage=0.9, edges=(30.0,), half_widths=(5.0, 10.0)),
    facts={"backbone": "none", "licence": "AGPL-3.0-or-later", "metrics": {"mae": 4.75}},
)
SMALL, LARGE = [2, 2, 12, 12], [20, 20, 50, 50]


class FakeDetector:
    """Finds the same boxes in every image that is not black, best score first, as the real detector does."""

    def __init__(self, boxes: Sequence[Sequence[float]]) -> None:
        self.boxes = np.array(boxes, dtype=float).reshape(-1, 4)

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        count = len(self.boxes)
        none = Detections(np.zeros((0, 4)), np.zeros(0))
        found = Detections(self.boxes, 0.9 - 0.1 * np.arange(count))
        return [found if image.any() else none for image in images]


class FakeNetwork:
    """Predicts the mean grey level of a crop as its age, and records its batches."""

    def __init__(self) -> None:
        self.batches: list[Pixels] = []

    def run(self, batches):
        for batch in batches:
            self.batches.append(batch)
            age = batch.mean(axis=(1, 2, 3))[:, None].astype(np.float32)
            yield {"age": age, "age_group": np.eye(5, dtype=np.float32)[FIVE_GROUPS.of_ages(age[:, 0])]}


def predictor_of(boxes):
    return AgePredictor(FakeDetector(boxes), FakeNetwork(), CARD)


def photograph():
    """Return an image with a small face of 20 years and a large one of 50."""
    image = np.full((60, 60, 3), 5, dtype=np.uint8)
    image[2:12, 2:12] = 20
    image[20:50, 20:50] = 50
    return image
