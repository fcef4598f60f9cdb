"""Figures of ages, by hand-made numbers."""

import pandas as pd
import pytest

from agelens.data_prep.core.age_bands import BAND_NAMES
from agelens.data_prep.exploration.ages import band_of, count_bands, count_years, describe_ages
from tests.factories import FIVE_GROUPS, faces_table


def test_ages_belong_to_bands_of_ten_years() -> None:
    ages = pd.Series([0.0, 9.9, 10.0, 89.0, 90.0, 100.0])
    assert band_of(ages).tolist() == ["0-9", "0-9", "10-19", "80-89", "90+", "90+"]


def test_figures_of_a_skewed_distribution() -> None:
    figures = describe_ages(faces_table(5, ages=[20.0, 20.0, 21.0, 30.0, 69.0]), FIVE_GROUPS)
    assert figures["mean"] == 32.0
    assert figures["median"] == 21.0
    assert (figures["lower_quartile"], figures["upper_quartile"]) == (20.0, 30.0)
    assert (figures["youngest"], figures["oldest"]) == (20.0, 69.0)
    # sd: deviations -12, -12, -11, -2, 37 with squares 1782; skewness: n sum d3 sqrt(n - 1) / (n - 2) / sum d2 ** 1.5
    assert figures["sd"] == pytest.approx((1782 / 4) ** 0.5, abs=1e-4)
    assert figures["skewness"] == pytest.approx(5 * 45858 * 2 / 3 / 1782**1.5, abs=1e-4)
    assert (figures["largest_band"], figures["largest_band_share"]) == ("20-29", 0.6)
    assert figures["band_imbalance"] == 3.0
    assert figures["group_imbalance"] == 3.0  # three of 13-25, one each of 26-42 and 61+
    assert figures["years_without_rows"] == 46  # 50 years from 20 to 69, of which 4 occur
    assert figures["rare_years"] == 4
    assert figures["share_of_fives"] == 0.6


def test_intervals_count_with_their_middle_but_not_as_years() -> None:
    figures = describe_ages(faces_table(2, ages=[(20.0, 30.0), 35.0]), FIVE_GROUPS)
    assert figures["mean"] == 30.0
    assert figures["share_of_fives"] == 1.0
    assert figures["years_without_rows"] == 0


def test_no_rows_have_no_figures() -> None:
    figures = describe_ages(faces_table(0), FIVE_GROUPS)
    assert {name for name, value in figures.items() if value is not None} == set()


def test_years_are_counted_by_source() -> None:
    years = count_years(faces_table(3, ages=[7.0, 7.5, (0.0, 9.0)], sources=["a", "b", "a"]))
    assert years[years["rows"] > 0].to_numpy().tolist() == [["*", 7, 2], ["a", 7, 1], ["b", 7, 1]]
    assert len(years) == 3 * 101


def test_bands_are_counted_by_value() -> None:
    table = faces_table(3, ages=[5.0, 5.0, (20.0, 60.0)]).assign(gender=["female", None, "female"])
    bands = count_bands(table, FIVE_GROUPS)
    one = bands[(bands["source"] == "made") & (bands["rows"] > 0)]
    found = {(row["slice"], row["value"], row["band"]): row["rows"] for row in one.to_dict("records")}
    assert found == {
        ("all", "all", "0-9"): 2,
        ("all", "all", "40-49"): 1,
        ("age_group", "0-12", "0-9"): 2,
        ("age_group", "several", "40-49"): 1,
        ("gender", "female", "0-9"): 1,
        ("gender", "missing", "0-9"): 1,
        ("gender", "female", "40-49"): 1,
        ("ethnicity", "missing", "0-9"): 2,
        ("ethnicity", "missing", "40-49"): 1,
    }
    assert bands.groupby(["source", "slice", "value"])["band"].agg(tuple).tolist() == [BAND_NAMES] * 12
