"""Boxes and crops: crops have their size, lie in the image as far as it goes, and no arithmetic leaves the image."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agelens.data_prep.core.boxes import box_areas, clip_boxes, expand_boxes, pairwise_iou, square_boxes
from agelens.data_prep.faces.crop import CropShape, box_in_crop, crop_face

number = st.floats(-500, 500, allow_nan=False)


@st.composite
def boxes(draw, *, least=1, most=8):
    """Draw boxes `(N, 4)` with x1 <= x2 and y1 <= y2."""
    corners = np.array(draw(st.lists(st.tuples(number, number, number, number), min_size=least, max_size=most)))
    corners = corners.reshape(-1, 2, 2)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


@given(boxes=boxes(), size=st.tuples(st.integers(1, 400), st.integers(1, 400)))
def test_clipped_boxes_lie_in_the_image_and_clipping_again_changes_nothing(boxes, size):
    height, width = size
    clipped = clip_boxes(boxes, height=height, width=width)
    assert (clipped >= 0).all()
    assert (clipped <= [width, height, width, height]).all()
    np.testing.assert_array_equal(clip_boxes(clipped, height=height, width=width), clipped)
    assert (box_areas(clipped) <= box_areas(boxes) + 1e-9).all()


@given(boxes=boxes(), margin=st.floats(0, 1))
def test_a_margin_enlarges_each_side_by_its_share(boxes, margin):
    larger = expand_boxes(boxes, margin_fraction=margin)
    sides, before = larger[:, 2:] - larger[:, :2], boxes[:, 2:] - boxes[:, :2]
    np.testing.assert_allclose(sides, before * (1 + 2 * margin), atol=1e-9)
    np.testing.assert_allclose(larger[:, :2] + larger[:, 2:], boxes[:, :2] + boxes[:, 2:], atol=1e-9)


@given(boxes=boxes())
def test_squares_contain_their_box_and_are_no_larger_than_its_longer_side(boxes):
    squares = square_boxes(boxes)
    sides = squares[:, 2:] - squares[:, :2]
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], atol=1e-9)
    np.testing.assert_allclose(sides.max(axis=1), (boxes[:, 2:] - boxes[:, :2]).max(axis=1), atol=1e-9)
    assert (squares[:, :2] <= boxes[:, :2] + 1e-9).all()
    assert (squares[:, 2:] >= boxes[:, 2:] - 1e-9).all()


@given(first=boxes(), second=boxes())
def test_iou_is_symmetric_lies_in_0_to_1_and_is_1_for_the_same_box(first, second):
    iou = pairwise_iou(first, second)
    assert ((iou >= 0) & (iou <= 1 + 1e-9)).all()
    np.testing.assert_allclose(iou, pairwise_iou(second, first).T, atol=1e-12)
    own = np.diag(pairwise_iou(first, first))
    np.testing.assert_allclose(own[box_areas(first) > 0], 1, atol=1e-9)


@given(
    box=boxes(most=1),
    size=st.tuples(st.integers(1, 120), st.integers(1, 120)),
    margin=st.floats(0, 1),
    square=st.booleans(),
)
def test_a_crop_has_its_size_for_every_box_that_touches_the_image(box, size, margin, square):
    height, width = size
    shape = CropShape(size=16, margin_fraction=margin, square=square)
    clipped = clip_boxes(box, height=height, width=width)[0]
    if (clipped[2:] - clipped[:2]).min() < 1:
        return
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    crop = crop_face(image, clipped, shape)
    assert (crop.shape, crop.dtype) == ((16, 16, 3), np.uint8)
    inside = box_in_crop(clipped, shape, height=height, width=width)
    center = (inside[:2] + inside[2:]) / 2
    assert ((center >= -1) & (center <= 17)).all()  # the window of the crop has whole pixels
