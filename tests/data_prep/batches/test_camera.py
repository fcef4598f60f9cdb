"""Camera views: each change does what it says, in its share of the views."""

from dataclasses import fields, replace

import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.batches.camera import CameraAugmentation, develop_view, photograph_view

SIDE = 150
OFF = CameraAugmentation(
    **{
        field.name: tuple([0.0] * len(field.default)) if isinstance(field.default, tuple) else 0.0
        for field in fields(CameraAugmentation)
    }
)
WAVES = 60 * np.sin(np.arange(SIDE) / 5)[:, None, None] + 30 * np.cos(np.arange(SIDE) / 9)[None, :, None] * [1, 0.5, 0]
FACE = np.clip(120 + WAVES, 0, 255).astype(np.uint8)
STILL = Augmentation(
    flip=False, shift=0.0, zoom=0.0, rotation_degrees=0.0, brightness=0.0, contrast=0.0, saturation=0.0
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_with_everything_off_nothing_changes():
    assert np.array_equal(photograph_view(FACE.copy(), rng(), OFF), FACE)
    assert np.array_equal(develop_view(FACE, rng(), OFF), FACE)


@pytest.mark.parametrize("sigma", [4.0, 12.0])
def test_noise_has_its_standard_deviation(sigma):
    grey = np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)
    noisy = photograph_view(grey, rng(2), replace(OFF, noise=(1.0, sigma, sigma)))
    assert noisy.astype(float).std() == pytest.approx(sigma, rel=0.2)


def test_a_small_view_loses_detail_and_keeps_its_size():
    stripes = np.tile((np.arange(SIDE) // 2 % 2 * 255).astype(np.uint8)[:, None, None], (1, SIDE, 3))
    small = photograph_view(stripes, rng(), replace(OFF, small=(1.0, 30.0, 30.0)))
    assert small.shape == stripes.shape
    assert small.astype(float).std() < 0.5 * stripes.astype(float).std()


def test_blur_smooths():
    stripes = np.tile((np.arange(SIDE) % 2 * 255).astype(np.uint8)[:, None, None], (1, SIDE, 3))
    blurred = photograph_view(stripes, rng(), replace(OFF, blur=(1.0, 2.0, 2.0)))
    assert blurred.astype(float).std() < 10


def test_compression_changes_little_at_high_quality_and_more_at_low():
    fine = photograph_view(FACE, rng(), replace(OFF, jpeg=(1.0, 95.0, 95.0))).astype(int) - FACE
    coarse = photograph_view(FACE, rng(), replace(OFF, jpeg=(1.0, 10.0, 10.0))).astype(int) - FACE
    assert np.abs(fine).mean() < 2 < np.abs(coarse).mean()


def test_a_rectangle_hides_at_most_its_share():
    hidden = photograph_view(FACE.copy(), rng(4), replace(OFF, erase=(1.0, 0.2)))
    changed = (hidden != FACE).any(axis=2).mean()
    assert 0 < changed <= 0.21


def test_an_old_print_lifts_blacks_and_lowers_whites():
    ramp = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 8, 3))
    prints = [
        develop_view(ramp, rng(seed), replace(OFF, print_share=1.0, print_levels=(60.0, 70.0))) for seed in range(20)
    ]
    assert max(int(view[0].max()) for view in prints) > 30
    assert min(int(view[255].min()) for view in prints) < 225
    assert all((np.diff(view[:, 0].astype(int), axis=0) >= 0).all() for view in prints)


def test_a_grey_view_has_equal_channels():
    view = augment_view(FACE, 3, 1, augmentation=replace(STILL, camera=replace(OFF, share=1.0, grey=1.0)), seed=5)
    assert np.abs(view.astype(int) - view.mean(axis=2, keepdims=True)).max() <= 1


def test_the_share_of_camera_views_is_that_of_the_settings():
    camera = replace(OFF, share=0.3, grey=1.0)
    views = [augment_view(FACE, 3, n, augmentation=replace(STILL, camera=camera), seed=5) for n in range(1, 301)]
    grey = np.mean([np.ptp(view.astype(int), axis=2).max() <= 2 for view in views])
    assert grey == pytest.approx(0.3, abs=0.08)


def test_the_same_number_gives_the_same_camera_view():
    camera = replace(STILL, camera=CameraAugmentation(share=1.0))
    one, other = (augment_view(FACE, 3, 7, augmentation=camera, seed=5) for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, augment_view(FACE, 3, 8, augmentation=camera, seed=5))
