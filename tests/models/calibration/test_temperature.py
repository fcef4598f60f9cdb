"""Temperatures: mean ages by hand-made numbers, the peak as the limit, and the choice by the lowest error."""

from itertools import pairwise

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.models.calibration.temperature import TEMPERATURES, choose_temperature, mean_age, median_age, predicted_age
from tests.models.calibration.distributions import distributions


def lopsided(rows: int = 300, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return distributions with the peak at the true age and a long tail towards old ages, and the true ages."""
    true = np.random.default_rng(seed).integers(10, 60, rows)
    years = np.arange(101)[None] - true[:, None]
    distribution = np.where(years < 0, np.exp(years / 2.0), np.exp(-years / 8.0))
    return distribution / distribution.sum(axis=1, keepdims=True), true.astype(float)


@pytest.mark.parametrize(
    ("temperature", "age"), [(1.0, 30.0), (1 / 2, (20 * 9 + 60) / 10), (1 / 3, (20 * 27 + 60) / 28)], ids=str
)
def test_mean_age_by_hand(temperature: float, age: float) -> None:
    np.testing.assert_allclose(mean_age(distributions({20: 0.75, 60: 0.25}), temperature=temperature), [age])


def test_shares_need_not_sum_to_one_and_small_ones_do_not_underflow() -> None:
    whole, tiny = distributions({20: 0.75, 60: 0.25}), distributions({20: 3e-120, 60: 1e-120})
    np.testing.assert_allclose(mean_age(tiny, temperature=0.25), mean_age(whole, temperature=0.25))


def test_the_lower_the_temperature_the_nearer_to_the_peak() -> None:
    distribution, peak = lopsided()
    away = [np.abs(mean_age(distribution, temperature=t) - peak).mean() for t in (1.0, 1 / 2, 1 / 4, 1 / 50)]
    assert all(more > less for more, less in pairwise(away))
    assert away[-1] < 0.1


def test_at_temperature_one_the_models_own_age_is_returned() -> None:
    distribution = distributions({20: 0.75, 60: 0.25})
    assert predicted_age([41.0], distribution, temperature=1.0).tolist() == [41.0]
    assert predicted_age([41.0], distribution, temperature=0.5) == pytest.approx([24.0])
    with pytest.raises(DataError, match="age_distribution"):
        predicted_age([41.0], None, temperature=0.5)


def test_the_temperature_with_the_lowest_error_is_chosen() -> None:
    distribution, peak = lopsided()
    assert choose_temperature(distribution, peak) == TEMPERATURES[-1] == 0.25
    for temperature in (0.5, 0.8, 1.0):
        assert choose_temperature(distribution, mean_age(distribution, temperature=temperature)) == temperature


def test_a_gain_within_one_standard_error_is_not_taken() -> None:
    # Of 100 faces two gain by a low temperature and one loses as much: within chance.
    distribution = distributions(*[{20: 0.5, 30: 0.5}] * 97, *[{20: 0.6, 60: 0.4}] * 3)
    true = np.array([25.0] * 97 + [20.0, 20.0, 52.0])
    errors = [np.abs(mean_age(distribution, temperature=t) - true).mean() for t in (1.0, 0.5)]
    assert errors[0] > errors[1]
    assert choose_temperature(distribution, true) == 1.0


def test_of_equal_temperatures_the_highest_is_chosen() -> None:
    assert choose_temperature(distributions({40: 1.0}), [40.0]) == 1.0


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({40: 1.0}, 40.0),  # half of the year's share lies below its middle
        ({40: 0.5, 41: 0.5}, 40.5),
        ({30: 0.25, 50: 0.75}, 49.5 + 1 / 3),  # a quarter below, a third of the year 50
        ({0: 1.0}, 0.0),
        ({100: 1.0}, 100.0),
        ({10: 0.4, 20: 0.2, 90: 0.4}, 20.0),  # the mean would be 44
    ],
)
def test_the_median_is_interpolated_inside_its_year(shares, expected):
    assert median_age(distributions(shares)) == pytest.approx([expected])


def test_a_predicted_age_may_be_the_median():
    distribution = distributions({10: 0.4, 20: 0.2, 90: 0.4})
    assert predicted_age([44.0], distribution, statistic="median") == pytest.approx([20.0])
    with pytest.raises(DataError, match="age_distribution"):
        predicted_age([44.0], None, statistic="median")
