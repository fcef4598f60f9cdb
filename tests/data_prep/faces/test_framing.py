"""Framing by points turns a face upright; framing by box shows the whole crop."""

import numpy as np
import pytest

from agelens.data_prep.faces.alignment import TEMPLATE
from agelens.data_prep.faces.framing import CropFramer, Framing
from agelens.data_prep.faces.points import FacePoints


class KnownPoints:
    """Stands in for the network: the points of each crop are given."""

    def __init__(self, *points: np.ndarray, located: bool = True) -> None:
        self.points, self.located = points, located

    def locate(self, crops, boxes=None):
        del crops, boxes
        return [FacePoints(points, 0.05, located=self.located) for points in self.points]


def marked(points: np.ndarray, *, side: int = 200) -> np.ndarray:
    """Return a black crop with a white square about each point."""
    crop = np.zeros((side, side, 3), dtype=np.uint8)
    for x, y in np.round(points).astype(int):
        crop[y - 3 : y + 4, x - 3 : x + 4] = 255
    return crop


def test_points_of_a_turned_face_land_on_the_template():
    center = TEMPLATE.mean(axis=0)
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    points = (TEMPLATE - center) @ turn.T + 100
    (view,), found = CropFramer(Framing("points", 150), KnownPoints(points)).frame([marked(points)])
    assert view.shape == (150, 150, 3)
    assert [face is not None and face.located for face in found] == [True]
    assert all(view[round(y), round(x), 0] > 200 for x, y in TEMPLATE)


def test_a_box_framing_scales_the_crop_and_keeps_one_of_its_size():
    crop = marked(np.array([[50.0, 60.0]]))
    same, scaled = Framing("box", 200), Framing("box", 100)
    assert np.array_equal(CropFramer(same).frame([crop])[0][0], crop)
    (view,), found = CropFramer(scaled).frame([crop])
    assert view.shape == (100, 100, 3)
    assert view[30, 25, 0] > 200
    assert found == [None]


def test_faces_that_are_not_located_are_said_to_be():
    framer = CropFramer(Framing("points", 150), KnownPoints(TEMPLATE, located=False))
    (found,) = framer.frame([marked(TEMPLATE)])[1]
    assert found is not None
    assert not found.located


def test_an_unknown_framing_is_refused():
    with pytest.raises(ValueError, match="points, box"):
        Framing("ears", 150)
