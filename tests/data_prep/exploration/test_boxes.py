"""Margins and sizes of boxes: as `crop_face` cuts them."""

import numpy as np
import pytest

from agelens.data_prep.exploration.boxes import measure_boxes
from agelens.data_prep.faces.crop import CropShape, box_in_crop
from tests.factories import faces_table

SHAPE = CropShape(size=160, margin_fraction=0.15)


def faces(*boxes: tuple[float, float, float, float]):
    table = faces_table(len(boxes))
    table[["x1", "y1", "x2", "y2"]] = np.array(boxes, dtype=float)
    return table


def test_margin_is_what_fits_into_the_photograph() -> None:
    table = faces((50, 60, 130, 160), (10, 10, 190, 190), (0, 0, 200, 210))
    measures = measure_boxes(table, SHAPE)
    assert measures["room"].tolist() == pytest.approx([0.5, 1 / 18, 0.0])
    assert measures["margin"].tolist() == pytest.approx([0.15, 1 / 18, 0.0])
    assert measures["box_side"].tolist() == [80, 180, 200]
    assert measures["box_share"].tolist() == pytest.approx([0.2, 0.81, 1.05])
    assert measures["enlargement"].tolist() == pytest.approx([160 / 130, 0.8, 160 / 210])


def test_margin_agrees_with_the_crop() -> None:
    boxes = [(60.0, 60.0, 120.0, 140.0), (20.0, 20.0, 180.0, 180.0)]
    measures = measure_boxes(faces(*boxes), SHAPE)
    for box, margin in zip(boxes, measures["margin"], strict=True):
        x1, y1, x2, y2 = box_in_crop(np.array(box), SHAPE, height=200, width=200)
        side = max(x2 - x1, y2 - y1)
        assert (SHAPE.size / side - 1) / 2 == pytest.approx(margin, abs=0.01)


def test_boxes_that_are_clipped_have_the_mean_margin_of_their_sides() -> None:
    shape = CropShape(size=160, margin_fraction=0.2, square=False)
    (margin,) = measure_boxes(faces((0, 50, 100, 150)), shape)["margin"]
    assert margin == pytest.approx((0 + 0.2 + 0.2 + 0.2) / 4)


def test_whole_images_have_no_margin() -> None:
    table = faces((0, 0, 100, 100)).assign(found="whole_image")
    assert measure_boxes(table, SHAPE)[["room", "margin"]].to_numpy().tolist() == [[0.0, 0.0]]
