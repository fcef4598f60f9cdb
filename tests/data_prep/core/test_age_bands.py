"""Bands of ten years of age."""

import pytest

from agelens.data_prep.core.age_bands import BAND_NAMES, TEN_YEARS, band_names


@pytest.mark.parametrize(
    ("age", "name"),
    [(0, "0-9"), (9.99, "0-9"), (10, "10-19"), (28.5, "20-29"), (89.9, "80-89"), (90, "90+"), (100, "90+")],
)
def test_an_age_lies_in_the_band_of_its_decade(age, name):
    assert band_names([age]).tolist() == [name]


def test_there_is_one_more_band_than_edges_and_names_sort_by_age():
    assert len(BAND_NAMES) == len(TEN_YEARS) + 1
    assert sorted(BAND_NAMES) == list(BAND_NAMES)
