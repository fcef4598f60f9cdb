"""Images are resized and warped to the pixels of OpenCV, within 1 of 255; interpolated linearly, to the same ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.resampling import with_opencv, without_opencv
from tests.data_prep.core.test_resampling import drawn, similarity

SIDES = st.integers(2, 300)


def difference(first: Pixels, second: Pixels) -> int:
    assert first.shape == second.shape
    assert first.dtype == second.dtype == np.uint8
    return int(np.abs(first.astype(int) - second).max())


@given(SIDES, SIDES, SIDES, SIDES)
def test_linear_interpolation_is_that_of_opencv(h: int, w: int, height: int, width: int) -> None:
    image = drawn(h, w)
    expected = with_opencv.resize(image, height=height, width=width, kernel="linear")
    assert difference(without_opencv.resize(image, height=height, width=width, kernel="linear"), expected) == 0


@given(SIDES, SIDES, SIDES, SIDES)
def test_cubic_interpolation_is_that_of_opencv(h: int, w: int, height: int, width: int) -> None:
    image = drawn(h, w)
    expected = with_opencv.resize(image, height=height, width=width, kernel="cubic")
    assert difference(without_opencv.resize(image, height=height, width=width, kernel="cubic"), expected) <= 1


@given(SIDES, SIDES, st.floats(0.05, 1), st.floats(0.05, 1))
def test_areas_are_averaged_as_by_opencv(h: int, w: int, down: float, across: float) -> None:
    image, height, width = drawn(h, w), max(1, int(h * down)), max(1, int(w * across))
    expected = with_opencv.resize(image, height=height, width=width, kernel="area")
    assert difference(without_opencv.resize(image, height=height, width=width, kernel="area"), expected) <= 1


@given(SIDES, SIDES, st.floats(0.3, 4), st.floats(-180, 180), st.floats(-60, 200), st.booleans())
def test_images_are_warped_as_by_opencv(h: int, w: int, scale: float, turn: float, x: float, supersample: bool) -> None:
    image, transform = drawn(h, w), similarity(scale, turn, x, 40.0)
    expected = with_opencv.warp(image, transform, side=60, supersample=supersample)
    assert difference(without_opencv.warp(image, transform, side=60, supersample=supersample), expected) <= 1
