"""Percentiles, macro MAE, slope and peaks, by hand-made numbers."""

import math

import numpy as np
import pytest

from agelens.models.evaluation.distribution import age_peak, error_percentiles, macro_mae, slope


def test_percentiles_are_interpolated() -> None:
    assert error_percentiles(range(101)) == {"p90": 90, "p95": 95, "p99": 99}
    assert error_percentiles([0.0, 10.0]) == {"p90": 9, "p95": 9.5, "p99": 9.9}
    assert all(math.isnan(value) for value in error_percentiles([]).values())


@pytest.mark.parametrize(("width", "expected"), [(1, (2 + 9 + 5) / 3), (10, ((2 * 3 + 9) / 4 + 5) / 2)])
def test_every_class_of_ages_counts_the_same(width: int, expected: float) -> None:
    assert macro_mae([20, 20, 20, 21, 40], [2, 2, 2, 9, 5], width=width) == pytest.approx(expected)


def test_ages_with_a_fraction_belong_to_their_whole_year() -> None:
    assert macro_mae([20.2, 20.9, 21], [1, 3, 10], width=1) == (2 + 10) / 2


def test_the_slope_tells_how_far_predictions_lean_to_the_middle() -> None:
    ages = np.array([10.0, 20.0, 60.0])
    assert slope(ages, ages + 7) == pytest.approx(1)
    assert slope(ages, 30 + 0.6 * (ages - 30)) == pytest.approx(0.6)
    assert slope([0, 10, 20], [0, 10, 50]) == pytest.approx(2.5)


@pytest.mark.parametrize("ages", [[], [30], [30, 30]])
def test_equal_ages_have_no_slope(ages: list[float]) -> None:
    assert math.isnan(slope(ages, ages))


def test_the_peak_is_the_year_near_which_most_ages_are() -> None:
    found = age_peak([24.86, 25.0, 25.14, 25.3, 40.0, 40.1, 60.5, 7.0], [25, 30, 25, 25])
    assert found == {"peak_age": 25, "peak_share": 3 / 8, "peak_label_share": 3 / 4}


def test_a_peak_reaches_a_seventh_of_a_year_to_either_side() -> None:
    assert age_peak([24.84, 25.16], [25])["peak_share"] == 0
    assert age_peak([24.8501, 25.1499], [25])["peak_share"] == 1


def test_peaks_without_rows_or_exact_labels_are_missing() -> None:
    assert math.isnan(age_peak([], [])["peak_share"])
    intervals = age_peak([25.0], [])
    assert intervals["peak_share"] == 1
    assert math.isnan(intervals["peak_label_share"])


def test_macro_mae_without_rows_is_missing() -> None:
    assert math.isnan(macro_mae([], [], width=1))
