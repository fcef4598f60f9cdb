"""Images are resized and warped to the pixels of OpenCV, but for a few that differ by 1; linearly, to the same ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.resampling import with_opencv, without_opencv
from tests.data_prep.core.test_resampling import drawn, similarity

SIDES = st.integers(1, 300)
AT_LEAST_TWO = st.integers(2, 300)


def assert_nearly_equal(first: Pixels, second: Pixels) -> None:
    """Raise an error if a value differs by more than 1; in an image of few pixels, most may lie between two values."""
    assert first.shape == second.shape
    assert first.dtype == second.dtype == np.uint8
    assert np.abs(first.astype(int) - second).max() <= 1


@given(SIDES, SIDES, SIDES, SIDES)
def test_linear_interpolation_is_that_of_opencv(h: int, w: int, height: int, width: int) -> None:
    image = drawn(h, w)
    expected = with_opencv.resize(image, height=height, width=width, kernel="linear")
    assert np.array_equal(without_opencv.resize(image, height=height, width=width, kernel="linear"), expected)


@given(SIDES, SIDES, SIDES, SIDES)
def test_cubic_interpolation_is_that_of_opencv(h: int, w: int, height: int, width: int) -> None:
    image = drawn(h, w)
    expected = with_opencv.resize(image, height=height, width=width, kernel="cubic")
    assert_nearly_equal(without_opencv.resize(image, height=height, width=width, kernel="cubic"), expected)


@given(SIDES, SIDES, st.floats(0.05, 3), st.floats(0.05, 3))
def test_areas_are_averaged_as_by_opencv(h: int, w: int, down: float, across: float) -> None:
    image, height, width = drawn(h, w), max(1, int(h * down)), max(1, int(w * across))
    expected = with_opencv.resize(image, height=height, width=width, kernel="area")
    assert_nearly_equal(without_opencv.resize(image, height=height, width=width, kernel="area"), expected)


@given(AT_LEAST_TWO, AT_LEAST_TWO, st.floats(0.3, 4), st.floats(-180, 180), st.floats(-60, 200), st.booleans())
def test_images_are_warped_as_by_opencv(h: int, w: int, scale: float, turn: float, x: float, supersample: bool) -> None:
    image, transform = drawn(h, w), similarity(scale, turn, x, 40.0)
    expected = with_opencv.warp(image, transform, side=60, supersample=supersample)
    assert_nearly_equal(without_opencv.warp(image, transform, side=60, supersample=supersample), expected)
