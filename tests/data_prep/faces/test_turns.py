"""Images without a face are turned; boxes stay in pixels of the image as it is."""

from collections.abc import Sequence

import numpy as np
import pytest

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.detector import Detections
from agelens.data_prep.faces.turns import TURNS, TurningDetector, turn_back, turn_boxes, turn_image

HEIGHT, WIDTH = 40, 60
BOX = np.array([[5.0, 10.0, 15.0, 30.0]])


def marked() -> Pixels:
    """Return an image whose box `BOX` is white."""
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    image[10:30, 5:15] = 255
    return image


def white_box(image: Pixels) -> list[float]:
    rows, columns = np.nonzero(image[..., 0])
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("degrees", [0, *TURNS])
def test_boxes_turn_like_the_image(degrees: int) -> None:
    turned = turn_image(marked(), degrees)
    box = turn_boxes(BOX, degrees, height=HEIGHT, width=WIDTH)
    assert box[0].tolist() == white_box(turned)
    assert turn_back(box, degrees, height=HEIGHT, width=WIDTH).tolist() == BOX.tolist()


def test_a_turn_by_90_degrees_is_clockwise() -> None:
    image = np.zeros((2, 3, 3), dtype=np.uint8)
    image[0, 0] = 255  # top left goes to top right
    assert white_box(turn_image(image, 90)) == [1, 0, 2, 1]


class UprightDetector:
    """Finds the white box where it stands as in `marked`, and counts searches."""

    def __init__(self, score: float = 0.9) -> None:
        self.score, self.searches = score, 0

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        self.searches += len(images)
        return [self._one(image) for image in images]

    def _one(self, image: Pixels) -> Detections:
        if white_box(image) == BOX[0].tolist() and image.shape[:2] == (HEIGHT, WIDTH):
            return Detections(BOX, np.array([self.score]))
        return Detections(np.zeros((0, 4)), np.zeros(0))


@pytest.mark.parametrize("degrees", TURNS)
def test_a_turned_image_is_found_with_its_box_as_it_is(degrees: int) -> None:
    image = turn_image(marked(), -degrees % 360)
    (found,) = TurningDetector(UprightDetector()).detect([image])
    assert found.turn == degrees
    assert found.boxes[0].tolist() == white_box(image)


def test_an_upright_image_is_searched_once() -> None:
    detector = UprightDetector()
    (found,) = TurningDetector(detector).detect([marked()])
    assert (found.turn, len(found), detector.searches) == (0, 1, 1)


def test_an_uncertain_face_in_a_turned_image_is_none() -> None:
    (found,) = TurningDetector(UprightDetector(score=0.4)).detect([turn_image(marked(), 180)])
    assert len(found) == 0
    assert found.turn == 0
