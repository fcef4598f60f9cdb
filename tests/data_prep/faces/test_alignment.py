"""Alignment by hand: known turns, scales and shifts are undone, and impossible points are refused."""

import cv2
import numpy as np
import pytest

from agelens.data_prep.faces.alignment import (
    BOX_SHAPE,
    TEMPLATE,
    align_points,
    are_plausible,
    fit_similarity,
    points_of_box,
    scale_whole,
    warp_view,
)


def moved(points: np.ndarray, *, degrees: float = 0.0, scale: float = 1.0, shift: tuple[float, float] = (0, 0)):
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return points @ np.array([[cos, -sin], [sin, cos]]).T + np.array(shift)


@pytest.mark.parametrize(
    ("degrees", "scale", "shift"),
    [
        (0, 1, (0, 0)),  # already in place
        (20, 1, (0, 0)),
        (-90, 1, (200, 0)),
        (180, 2, (300, 300)),  # upside down
        (7, 0.4, (-10, 25)),
    ],
)
def test_points_land_on_the_template_whatever_the_pose_of_the_face(degrees, scale, shift):
    points = moved(TEMPLATE, degrees=degrees, scale=scale, shift=shift)
    transform = fit_similarity(points, TEMPLATE)
    assert points @ transform[:, :2].T + transform[:, 2] == pytest.approx(TEMPLATE, abs=1e-6)


def test_a_mirrored_face_is_not_mirrored_back():
    transform = fit_similarity(TEMPLATE * [-1, 1], TEMPLATE)
    assert np.linalg.det(transform[:, :2]) > 0


def test_a_larger_view_shows_more_at_the_same_scale():
    small, large = align_points(TEMPLATE, side=150), align_points(TEMPLATE, side=180)
    assert small == pytest.approx(np.array([[1, 0, 0], [0, 1, 0]]), abs=1e-9)
    assert large == pytest.approx(np.array([[1, 0, 15], [0, 1, 15]]), abs=1e-9)


@pytest.mark.parametrize(("crop", "side"), [(192, 192), (192, 96), (160, 224)])
def test_framing_by_box_scales_the_crop(crop, side):
    image = np.random.default_rng(3).integers(0, 256, (crop, crop, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(image, (0, 0), 6)
    view = warp_view(smooth, scale_whole(crop, side=side), side=side)
    expected = cv2.resize(smooth, (side, side), interpolation=cv2.INTER_AREA if side < crop else cv2.INTER_LINEAR)
    assert np.abs(view.astype(int) - expected)[2:-2, 2:-2].max() <= 3


def test_what_lies_beyond_the_crop_is_reflected():
    crop = np.tile(np.arange(100, dtype=np.uint8)[None, :, None], (100, 1, 3))
    view = warp_view(crop, np.array([[1.0, 0, 10], [0, 1, 0]]), side=100)
    assert view[50, :12, 0].tolist() == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1]


def test_shrinking_averages_instead_of_skipping():
    stripes = np.tile((np.arange(160) % 2 * 255).astype(np.uint8)[None, :, None], (160, 1, 3))
    view = warp_view(stripes, scale_whole(160, side=40), side=40)
    assert np.abs(view.astype(int) - 127)[1:-1, 1:-1].max() <= 2


def test_points_of_a_box_scale_with_its_longer_side():
    assert points_of_box(np.array([10.0, 20, 110, 220])) == pytest.approx(np.array([60, 120]) + 100 * BOX_SHAPE)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p, True),
        (lambda p: moved(p - 75, degrees=60) + 75, True),  # turned heads are faces
        (lambda p: np.where(np.arange(5)[:, None] == 1, p[0] + 3, p), False),  # both eyes in one place: a profile
        (lambda p: moved(p - 75, degrees=180) + 75, True),  # upside down
        (lambda p: p[[3, 4, 2, 0, 1]], False),  # eyes taken for the mouth: no turn makes that a face
        (lambda p: p + 120, False),  # outside the crop
        (lambda p: 75 + 0.1 * (p - 75), False),  # far too small for a crop of a face
        (lambda p: np.full((5, 2), 75.0), False),  # one point
        (lambda p: np.where(np.arange(5)[:, None] == 2, np.nan, p), False),
    ],
)
def test_only_points_that_form_a_face_are_plausible(change, expected):
    assert are_plausible(change(TEMPLATE), side=150) is expected
