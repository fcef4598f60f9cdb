"""Degradations of crops: each does what its name says, the same for every call."""

import numpy as np
import pytest

from agelens.data_prep.batches.degradation import Degradation, degradations, grey, moved, noisy, shrunk

SIDE = 96
WAVES = 60 * np.sin(np.arange(SIDE) / 3)[:, None, None] + 30 * np.cos(np.arange(SIDE) / 5)[None, :, None] * [1, 0.5, 0]
FACE = np.clip(120 + WAVES, 0, 255).astype(np.uint8)
MARGIN = 0.15
TABLE = {each.name: each for each in degradations(margin=MARGIN)}


def dot(x: int, y: int) -> np.ndarray:
    """Return a black image with a white square of 5 pixels."""
    image = np.zeros((101, 101, 3), dtype=np.uint8)
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    return image


def center_of(image: np.ndarray) -> tuple[float, float]:
    weight = image[..., 0].astype(float)
    rows, columns = np.indices(weight.shape)
    return float((columns * weight).sum() / weight.sum()), float((rows * weight).sum() / weight.sum())


def test_the_first_one_changes_nothing() -> None:
    name, first = next(iter(TABLE.items()))
    assert name == "clean"
    assert np.array_equal(first.change(FACE, 0), FACE)


@pytest.mark.parametrize("each", [each for each in TABLE.values() if each.name != "clean" and not each.points_error])
def test_every_other_one_changes_the_crop_but_not_its_size(each: Degradation) -> None:
    before = FACE.copy()
    changed = each.change(FACE, 3)
    assert (changed.shape, changed.dtype) == (FACE.shape, np.uint8)
    assert not np.array_equal(changed, FACE)
    assert np.array_equal(changed, each.change(FACE, 3))
    assert np.array_equal(FACE, before)


def test_points_are_wrong_by_more_or_less() -> None:
    errors = [each.points_error for each in TABLE.values() if each.points_error]
    assert errors == [0.05, 0.1]


def test_noise_has_its_standard_deviation_and_differs_between_faces() -> None:
    flat = np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)
    assert noisy(flat, 8, seed=1).astype(float).std() == pytest.approx(8, rel=0.05)
    assert not np.array_equal(noisy(flat, 8, seed=1), noisy(flat, 8, seed=2))


def test_grey_has_three_equal_channels() -> None:
    assert (grey(FACE) == grey(FACE)[..., :1]).all()


def test_small_images_lose_what_is_finer_than_their_pixels() -> None:
    stripes = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    assert shrunk(stripes, SIDE // 2).std() < 5
    assert shrunk(stripes[:, :64], 32).shape == (SIDE, 64, 3)


def test_a_crop_is_turned_counter_clockwise_about_its_centre() -> None:
    assert center_of(moved(dot(80, 50), degrees=90)) == pytest.approx((50, 20), abs=0.2)
    assert center_of(moved(dot(50, 50), degrees=20)) == pytest.approx((50, 50), abs=0.2)


def test_zoom_moves_away_from_the_centre_and_shift_to_the_right() -> None:
    assert center_of(moved(dot(70, 50), zoom=1.5)) == pytest.approx((80, 50), abs=0.3)
    assert center_of(moved(dot(50, 50), shift=0.05))[0] == pytest.approx(50 + 0.05 * 101, abs=0.2)


def test_a_wider_margin_shows_the_face_smaller() -> None:
    # A margin of 0.15 makes the crop 1.3 times as large as the box, 0.25 makes it 1.5 times as large.
    x, _ = center_of(TABLE["margin + 0.1"].change(dot(80, 50), 0))
    assert x - 50 == pytest.approx(30 * 1.3 / 1.5, abs=0.3)
    x, _ = center_of(TABLE["margin - 0.1"].change(dot(80, 50), 0))
    assert x - 50 == pytest.approx(30 * 1.3 / 1.1, abs=0.3)
