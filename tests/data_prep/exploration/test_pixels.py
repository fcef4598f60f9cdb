"""Measures of pixels: flat, grey and enlarged crops."""

import cv2
import numpy as np
import pytest

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.exploration.pixels import measure_crop
from agelens.data_prep.exploration.quality import LOW_DETAIL
from agelens.data_prep.synthetic.photo import make_detector_examples


@pytest.fixture(scope="module")
def drawn_face() -> Pixels:
    photo, _ = next(iter(make_detector_examples(1, seed=1)))
    return np.asarray(cv2.resize(photo, (160, 160), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def test_a_crop_of_one_colour_has_no_contrast() -> None:
    crop = np.full((96, 96, 3), (200, 100, 50), dtype=np.uint8)
    measures = measure_crop(crop)
    assert measures.brightness == pytest.approx(0.299 * 200 + 0.587 * 100 + 0.114 * 50, abs=0.6)
    assert (measures.contrast, measures.saturation) == (0.0, 150.0)
    assert np.isnan(measures.detail)


def test_a_grey_crop_has_no_saturation_and_the_contrast_of_its_halves() -> None:
    crop = np.zeros((96, 96, 3), dtype=np.uint8)
    crop[:48] = 100
    measures = measure_crop(crop)
    assert (measures.brightness, measures.contrast, measures.saturation) == (50.0, 50.0, 0.0)


@pytest.mark.parametrize("side", [24, 32, 48])
def test_faces_that_were_enlarged_have_little_detail(drawn_face: Pixels, side: int) -> None:
    small = cv2.resize(drawn_face, (side, side), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(small, (160, 160), interpolation=cv2.INTER_CUBIC)
    assert measure_crop(enlarged.astype(np.uint8)).detail < LOW_DETAIL < measure_crop(drawn_face).detail


def test_detail_does_not_depend_on_contrast(drawn_face: Pixels) -> None:
    pale = (drawn_face // 2 + 60).astype(np.uint8)
    assert measure_crop(pale).detail == pytest.approx(measure_crop(drawn_face).detail, abs=0.03)


def test_small_crops_have_no_figure_of_detail(drawn_face: Pixels) -> None:
    assert np.isnan(measure_crop(drawn_face[:71, :71].copy()).detail)
