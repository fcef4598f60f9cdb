"""The table of landmarks, and boxes in crops by hand."""

import numpy as np
import pytest

from agelens.data_prep.core.tables import LANDMARKS, POINT_COLUMNS, check_table
from agelens.data_prep.faces.crop import CropShape, box_in_crop
from agelens.data_prep.faces.landmarks import add_points, boxes_in_crops, without_points
from agelens.data_prep.faces.points import FacePoints
from tests.factories import faces_table

SHAPE = CropShape(size=130, margin_fraction=0.15)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([100, 100, 200, 200], [15, 15, 115, 115]),  # 15 pixels of margin on each side, at scale 1
        ([0, 100, 100, 200], [0, 15, 100, 115]),  # moved inwards at the left border
        ([100, 125, 200, 175], [15, 40, 115, 90]),  # a wide box becomes a square about its centre
    ],
)
def test_a_box_is_where_the_crop_shows_it(box, expected):
    assert box_in_crop(np.array(box, float), SHAPE, height=400, width=400) == pytest.approx(expected)


def test_a_box_scales_with_its_crop():
    small = CropShape(size=65, margin_fraction=0.15)
    assert box_in_crop(np.array([100.0, 100, 200, 200]), small, height=400, width=400) == pytest.approx(
        [7.25, 7.25, 57.25, 57.25]
    )


def test_points_become_columns():
    faces = faces_table(2)
    points = np.arange(10, dtype=float).reshape(5, 2)
    found = [FacePoints(points, 0.05, located=True), FacePoints(points + 1, 0.5, located=False)]
    table = add_points(faces, found)
    check_table(table, LANDMARKS)
    assert table[list(POINT_COLUMNS)].to_numpy()[0].tolist() == list(range(10))
    assert table["framing"].tolist() == ["points", "box"]
    assert table["points_error"].tolist() == [0.05, 0.5]


def test_without_points_every_face_is_framed_by_its_box():
    table = without_points(faces_table(3))
    check_table(table, LANDMARKS)
    assert table["framing"].tolist() == ["box"] * 3
    assert table[list(POINT_COLUMNS)].isna().all().all()


def test_a_whole_image_has_no_margin():
    faces = faces_table(2)
    faces.loc[1, ["x1", "y1", "x2", "y2", "found"]] = [0, 0, 200, 200, "whole_image"]
    detected, whole = boxes_in_crops(faces, SHAPE)
    assert detected[0] > 5
    assert whole == pytest.approx([-0.175, -0.175, 129.825, 129.825])
