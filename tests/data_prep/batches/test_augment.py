"""Views of a crop: they are reproducible, and every change has its effect and limit."""

import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation, augment_view, erase_rectangle

SIDE = 33
CENTER = 16
STILL = Augmentation(
    flip=False, shift=0.0, zoom=0.0, rotation_degrees=0.0, brightness=0.0, contrast=0.0, saturation=0.0
)
NOISE = np.random.default_rng(7).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
GREY = np.full((SIDE, SIDE, 3), 120, dtype=np.uint8)


def only(**changes: float | bool) -> Augmentation:
    """Return an augmentation with only these changes."""
    return Augmentation(**{**vars(STILL), **changes})


def views_of(image: np.ndarray, augmentation: Augmentation, *, count: int = 12, row: int = 5) -> list[np.ndarray]:
    return [augment_view(image, row, view, augmentation=augmentation, seed=3) for view in range(1, count + 1)]


def dot_at(x: int, y: int) -> np.ndarray:
    """Return a black image with a bright spot of 3 x 3 pixels."""
    image = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    image[y - 1 : y + 2, x - 1 : x + 2] = 250
    return image


def offset_of_dot(image: np.ndarray) -> tuple[float, float]:
    """Return the centre of the spot, in pixels from the middle of the image."""
    mass = image[..., 0].astype(float)
    ys, xs = np.mgrid[:SIDE, :SIDE]
    return float((mass * xs).sum() / mass.sum() - CENTER), float((mass * ys).sum() / mass.sum() - CENTER)


def test_view_zero_is_the_unchanged_crop():
    view = augment_view(NOISE, 5, 0, augmentation=Augmentation(), seed=3)
    np.testing.assert_array_equal(view, NOISE)


def test_views_are_uint8_of_the_same_shape():
    for view in views_of(NOISE, Augmentation(), count=3):
        assert view.dtype == np.uint8
        assert view.shape == NOISE.shape


def test_a_view_depends_on_row_number_and_seed():
    first = augment_view(NOISE, 5, 2, augmentation=Augmentation(), seed=3)
    again = augment_view(NOISE, 5, 2, augmentation=Augmentation(), seed=3)
    np.testing.assert_array_equal(first, again)
    for row, view, seed in [(6, 2, 3), (5, 4, 3), (5, 2, 4)]:
        other = augment_view(NOISE, row, view, augmentation=Augmentation(), seed=seed)
        assert (other != first).any()


def test_all_views_of_a_crop_differ():
    views = views_of(NOISE, Augmentation(), count=12)
    assert len({view.tobytes() for view in [NOISE, *views]}) == 13


def test_with_all_changes_off_a_view_is_the_unchanged_crop():
    for view in views_of(NOISE, STILL):
        np.testing.assert_array_equal(view, NOISE)


def test_flip_mirrors_half_of_the_views():
    views = views_of(NOISE, only(flip=True), count=24)
    mirrored = [bool((view == NOISE[:, ::-1]).all()) for view in views]
    still = [bool((view == NOISE).all()) for view in views]
    assert all(a != b for a, b in zip(mirrored, still, strict=True))
    assert 6 <= sum(mirrored) <= 18


@pytest.mark.parametrize(
    ("changes", "changes_flat_grey"),
    [
        ({"flip": True}, False),
        ({"shift": 0.1}, False),
        ({"zoom": 0.2}, False),
        ({"rotation_degrees": 15.0}, False),
        ({"contrast": 0.3}, False),
        ({"saturation": 0.3}, False),
        ({"brightness": 0.2}, True),
    ],
)
def test_each_change_has_an_effect_and_only_brightness_changes_flat_grey(changes, changes_flat_grey):
    noisy = views_of(NOISE, only(**changes))
    assert any((view != NOISE).any() for view in noisy)
    # Flat grey stays flat at the border too, which repeats the edge of the image and is not black.
    flat = views_of(GREY, only(**changes))
    assert any((view != GREY).any() for view in flat) == changes_flat_grey
    assert all(view.min() == view.max() for view in flat)


def test_shift_is_limited_to_its_fraction_of_the_side():
    offsets = np.array([offset_of_dot(view) for view in views_of(dot_at(CENTER, CENTER), only(shift=0.2), count=24)])
    assert np.abs(offsets).max() <= 0.2 * SIDE + 0.2
    assert np.abs(offsets).max(axis=0).min() > 0.1 * SIDE


def test_moved_pixels_are_interpolated():
    levels = {int(level) for view in views_of(dot_at(CENTER, CENTER), only(shift=0.2)) for level in np.unique(view)}
    assert levels > {0, 250}


def test_rotation_is_around_the_centre_and_limited_to_its_angle():
    offsets = np.array(
        [offset_of_dot(view) for view in views_of(dot_at(CENTER + 10, CENTER), only(rotation_degrees=30.0), count=24)]
    )
    np.testing.assert_allclose(np.hypot(*offsets.T), 10, atol=0.3)
    degrees = np.degrees(np.arctan2(offsets[:, 1], offsets[:, 0]))
    assert -31 <= degrees.min() < -10
    assert 10 < degrees.max() <= 31


def test_rotation_keeps_its_limit_in_scaled_views():
    both = only(rotation_degrees=20.0, zoom=0.5)
    offsets = np.array([offset_of_dot(view) for view in views_of(dot_at(CENTER + 8, CENTER), both, count=60)])
    degrees = np.abs(np.degrees(np.arctan2(offsets[:, 1], offsets[:, 0])))
    assert 18 < degrees.max() <= 21


def test_strengths_are_multiplied_up_to_their_limits():
    strong = Augmentation(flip=True, shift=0.1, zoom=0.4, rotation_degrees=50, brightness=0.0, contrast=0.5, erase=0.3)
    assert strong.scaled(2.0) == Augmentation(
        flip=True, shift=0.2, zoom=0.8, rotation_degrees=90, brightness=0.0, contrast=1.0, saturation=0.4, erase=0.5
    )
    assert only(shift=0.3).scaled(0.0) == STILL


def test_zoom_is_around_the_centre_and_limited_to_its_fraction():
    offsets = np.array(
        [offset_of_dot(view) for view in views_of(dot_at(CENTER + 10, CENTER), only(zoom=0.25), count=24)]
    )
    np.testing.assert_allclose(offsets[:, 1], 0, atol=0.2)
    assert 10 / 1.25 - 0.3 <= offsets[:, 0].min() < 9.3
    assert 10.7 < offsets[:, 0].max() <= 10 * 1.25 + 0.3


def test_brightness_is_limited_and_does_not_overflow():
    levels = np.array([view[0, 0, 0] for view in views_of(GREY, only(brightness=0.2), count=24)], dtype=int)
    assert 25 < np.abs(levels - 120).max() <= 51
    white = np.full_like(GREY, 255)
    assert min(int(view.min()) for view in views_of(white, only(brightness=0.2), count=24)) >= 255 - 51


def test_saturation_keeps_the_brightness_of_every_pixel():
    weights = np.array([0.2989, 0.587, 0.114])
    muted = (NOISE // 2 + 64).astype(np.uint8)  # away from 0 and 255, so that nothing is clipped
    for view in views_of(muted, only(saturation=0.3), count=4):
        np.testing.assert_allclose(view @ weights, muted @ weights, atol=1.0)


def test_contrast_is_around_the_mean_grey_and_limited_to_its_fraction():
    dim = 90 + NOISE // 8
    spreads = [view.std() / dim.std() for view in views_of(dim, only(contrast=0.4))]
    assert all(abs(view.mean() - dim.mean()) < 1 for view in views_of(dim, only(contrast=0.4)))
    assert 0.59 < min(spreads) < 0.9
    assert 1.1 < max(spreads) < 1.41


def test_erase_fills_one_rectangle_in_half_of_the_views():
    white = np.full_like(GREY, 255)
    hidden = [(view == 127).all(axis=-1) for view in views_of(white, only(erase=0.3), count=40)]
    shares = np.array([mask.mean() for mask in hidden])
    assert 10 <= (shares > 0).sum() <= 30
    assert 0.15 < shares.max() <= 0.3
    for mask in hidden:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        np.testing.assert_array_equal(mask, rows[:, None] & columns[None])
        for line in (rows, columns):
            assert np.abs(np.diff(line.astype(int), prepend=0, append=0)).sum() in {0, 2}


@pytest.mark.parametrize(
    ("draw", "height", "width"),
    [
        # The largest area, 0.12 of 61 x 61 pixels. Ratio 3: 61 sqrt(0.12 x 3) = 36.6 by 61 sqrt(0.12 / 3) = 12.2.
        ((1.0, 1.0), 36, 12),
        ((1.0, 0.0), 12, 36),  # ratio 1/3
        ((1.0, 0.5), 21, 21),  # ratio 1: 61 sqrt(0.12) = 21.1
        ((0.25, 1.0), 18, 6),  # a quarter of the area: 18.3 by 6.1
    ],
)
def test_an_erased_rectangle_has_the_drawn_area_and_ratio(draw, height, width):
    image = np.zeros((61, 61, 3), dtype=np.uint8)
    erase_rectangle(image, np.array([*draw, 0.5, 0.5, 0.0]), max_area=0.12)
    erased = (image == 127).all(axis=-1)
    assert (erased.any(axis=1).sum(), erased.any(axis=0).sum()) == (height, width)
    assert erased.sum() == height * width


def test_half_of_the_draws_erase_nothing():
    image = np.zeros((61, 61, 3), dtype=np.uint8)
    erase_rectangle(image, np.array([1.0, 0.5, 0.5, 0.5, 0.5]), max_area=0.12)
    assert (image == 0).all()
