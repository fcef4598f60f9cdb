"""Pictures that grow: their side by hand, and how they are shrunk."""

import cv2
import numpy as np
import pytest

from agelens.data_prep.batches.progressive_resizing import STEP, shrink_pictures, side_of_epoch, sides_of
from agelens.pipeline.config.sections import SIDE_STEP


@pytest.mark.parametrize(
    ("epochs", "first", "last", "sides"),
    [
        (6, 128, 192, [128, 128, 160, 192, 192, 192]),
        (8, 96, 224, [96, 128, 160, 192, 224, 224, 224, 224]),
        (3, 64, 96, [64, 64, 96]),
        (1, 64, 96, [64]),
    ],
)
def test_sides_grow_over_the_first_half(epochs, first, last, sides):
    assert [side_of_epoch(epoch, epochs=epochs, first=first, last=last) for epoch in range(epochs)] == sides


def test_without_a_first_side_nothing_grows():
    assert sides_of(3, first=None, last=96) == []
    assert sides_of(3, first=64, last=96) == [64, 64, 96]


def test_params_ask_for_the_same_step():
    assert SIDE_STEP == STEP


def test_pictures_are_shrunk_by_the_means_of_their_areas():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    small = shrink_pictures(pictures, 32)
    means = pictures.reshape(3, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert small.dtype == np.uint8
    np.testing.assert_allclose(small, means, atol=0.5)
    np.testing.assert_array_equal(small[1], cv2.resize(pictures[1], (32, 32), interpolation=cv2.INTER_AREA))
    assert shrink_pictures(pictures, 64) is pictures
