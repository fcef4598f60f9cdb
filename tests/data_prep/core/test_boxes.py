"""Arithmetic of boxes, by hand-made numbers."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.core.boxes import (
    box_areas,
    clip_boxes,
    expand_boxes,
    pairwise_iou,
    square_boxes,
    suppress_overlaps,
)


def boxes(*rows: tuple[float, float, float, float]) -> npt.NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


BOX = (10.0, 20.0, 30.0, 60.0)  # 20 wide, 40 high


def test_boxes_are_clipped_to_the_image():
    clipped = clip_boxes(boxes((-5, -5, 50, 50), (10, 20, 30, 35), (90, 90, 99, 99)), height=40, width=45)
    assert clipped.tolist() == [[0, 0, 45, 40], [10, 20, 30, 35], [45, 40, 45, 40]]


@pytest.mark.parametrize(
    ("margin", "expected"), [(0.0, BOX), (0.15, (7, 14, 33, 66)), (0.5, (0, 0, 40, 80)), (-0.25, (15, 30, 25, 50))]
)
def test_boxes_are_enlarged_on_each_side_by_a_fraction_of_their_size(margin, expected):
    np.testing.assert_allclose(expand_boxes(boxes(BOX), margin_fraction=margin), [expected])


@pytest.mark.parametrize(
    ("box", "expected"),
    [(BOX, (0, 20, 40, 60)), ((0, 0, 10, 4), (0, -3, 10, 7)), ((1, 1, 3, 3), (1, 1, 3, 3))],
    ids=["upright", "wide", "square"],
)
def test_the_shorter_side_is_extended_around_the_same_centre(box, expected):
    assert square_boxes(boxes(box)).tolist() == [list(expected)]


@pytest.mark.parametrize(
    ("box", "area"), [(BOX, 800), ((0, 0, 0, 5), 0), ((5, 5, 2, 9), 0), ((5, 5, 2, 2), 0), ((0, 0, 0.5, 0.5), 0.25)]
)
def test_an_inverted_box_has_no_area(box, area):
    assert box_areas(boxes(box)).tolist() == [area]


@pytest.mark.parametrize(
    ("first", "second", "iou"),
    [
        (BOX, BOX, 1),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (5, 5, 15, 15), 25 / 175),
        ((0, 0, 10, 10), (2, 2, 7, 7), 0.25),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0),
        ((0, 0, 10, 10), (20, 20, 30, 30), 0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0),
    ],
    ids=["equal", "half beside", "corner", "inside", "touching", "apart", "empty"],
)
def test_overlap_is_intersection_over_union(first, second, iou):
    assert pairwise_iou(boxes(first), boxes(second)).item() == pytest.approx(iou)
    assert pairwise_iou(boxes(second), boxes(first)).item() == pytest.approx(iou)


def test_every_box_is_compared_with_every_box_of_the_other_array():
    first, second = boxes((0, 0, 2, 2), (0, 0, 1, 2), (5, 5, 6, 6)), boxes((0, 0, 2, 2), (5, 5, 6, 6))
    assert pairwise_iou(first, second).tolist() == [[1, 0], [0.5, 0], [0, 1]]


@pytest.mark.parametrize(
    "change",
    [
        lambda xyxy: clip_boxes(xyxy, height=9, width=9),
        lambda xyxy: expand_boxes(xyxy, margin_fraction=0.2),
        square_boxes,
        lambda xyxy: pairwise_iou(xyxy, xyxy),
    ],
)
def test_inputs_are_not_changed_and_may_be_empty(change):
    given = boxes(BOX)
    change(given)
    assert given.tolist() == [list(BOX)]
    assert len(change(boxes())) == 0


def test_of_overlapping_boxes_the_best_is_kept():
    row = boxes((0, 0, 10, 10), (3, 0, 13, 10), (6, 0, 16, 10), (50, 0, 60, 10), (50, 0, 60, 10))
    scores = np.array([0.6, 0.9, 0.7, 0.3, 0.3])
    assert suppress_overlaps(row, scores, max_overlap=0.5).tolist() == [1, 3]
    assert suppress_overlaps(row, scores, max_overlap=0.54).tolist() == [1, 2, 0, 3]
    assert suppress_overlaps(boxes(), np.array([]), max_overlap=0.5).tolist() == []


@pytest.mark.parametrize("seed", range(20))
def test_the_same_boxes_are_kept_as_by_opencv(seed):
    rng = np.random.default_rng(seed)
    corners, sides = rng.uniform(0, 100, (200, 2)), rng.uniform(5, 60, (200, 2))
    scores = rng.uniform(0.1, 1, 200)
    expected = cv2.dnn.NMSBoxes(np.hstack([corners, sides]).tolist(), scores.tolist(), 0.0, 0.5)
    kept = suppress_overlaps(np.hstack([corners, corners + sides]), scores, max_overlap=0.5)
    assert kept.tolist() == list(expected)
