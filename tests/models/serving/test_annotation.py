"""Boxes and ages are drawn into a copy of the image."""

import numpy as np
import pytest

from agelens.data_prep.core.images import Pixels
from agelens.models.serving.annotation import BOX_COLOUR, TEXT_COLOUR, draw_faces
from agelens.models.serving.predictions import AgePrediction


def face(box: tuple[float, float, float, float]) -> AgePrediction:
    return AgePrediction(box=box, score=0.9, age=30.0, interval=(20.0, 41.0), age_group="26-42", probabilities=(1.0,))


def label_pixels(drawn: Pixels) -> int:
    """Return how many columns the label fills from top to bottom of its line."""
    coloured = (drawn != 255).any(axis=2)
    top = np.flatnonzero(coloured.any(axis=1))[0]
    return int(coloured[top].sum())


def test_the_box_is_drawn_on_a_copy() -> None:
    image = np.full((200, 300, 3), 255, dtype=np.uint8)
    drawn = draw_faces(image, [face((100, 80, 180, 160))])
    assert (image == 255).all()
    assert (drawn[120, 100] == BOX_COLOUR).all()  # its left side
    assert (drawn[120, 140] == 255).all()  # the face itself is unchanged
    assert (drawn[40:78, 100:180] != 255).any()  # the text is above


def test_the_box_has_a_white_edge_on_a_dark_image() -> None:
    drawn = draw_faces(np.zeros((200, 300, 3), dtype=np.uint8), [face((100, 80, 180, 160))])
    assert (drawn[120, 99:102] == [TEXT_COLOUR, BOX_COLOUR, TEXT_COLOUR]).all()
    assert (drawn[120, 140] == 0).all()


def test_a_face_at_the_upper_border_has_its_label_inside_the_image() -> None:
    drawn = draw_faces(np.full((100, 100, 3), 255, dtype=np.uint8), [face((10, 0, 60, 60))])
    assert (drawn[:12, 12:40] != 255).any()


@pytest.mark.parametrize("box", [(260.0, 100.0, 299.0, 150.0), (150.0, 100.0, 299.0, 150.0), (0.0, 0.0, 20.0, 20.0)])
def test_the_label_of_a_face_at_a_border_is_whole(box: tuple[float, float, float, float]) -> None:
    size = (200, 300, 3)
    inside = draw_faces(np.full(size, 255, dtype=np.uint8), [face((100, 100, 139, 150))])
    drawn = draw_faces(np.full(size, 255, dtype=np.uint8), [face(box)])
    assert label_pixels(drawn) == label_pixels(inside)


def test_without_faces_the_image_is_unchanged() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    assert (draw_faces(image, []) == image).all()
