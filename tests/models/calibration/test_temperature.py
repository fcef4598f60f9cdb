"""Ages read out of sharpened distributions: hand-made numbers, the peak in the limit, and the power that errs least."""

from itertools import pairwise

import numpy as np
import pytest

from agelens.models.calibration.temperature import POWERS, choose_power, sharpened_age


def shares(**years: float) -> np.ndarray:
    """Return one distribution with shares such as `y20=0.5`."""
    distribution = np.zeros((1, 101))
    for year, share in years.items():
        distribution[0, int(year[1:])] = share
    return distribution


def lopsided(rows: int = 300, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return distributions whose peak is the true age, with a long tail to the old, and the true ages."""
    true = np.random.default_rng(seed).integers(10, 60, rows)
    years = np.arange(101)[None] - true[:, None]
    distribution = np.where(years < 0, np.exp(years / 2.0), np.exp(-years / 8.0))
    return distribution / distribution.sum(axis=1, keepdims=True), true.astype(float)


@pytest.mark.parametrize(
    ("power", "age"), [(1.0, 30.0), (2.0, (20 * 9 + 60) / 10), (3.0, (20 * 27 + 60) / 28)], ids=str
)
def test_by_hand(power, age):
    np.testing.assert_allclose(sharpened_age(shares(y20=0.75, y60=0.25), power), [age])


def test_shares_need_not_sum_to_one_and_tiny_ones_do_not_underflow():
    whole, tiny = shares(y20=0.75, y60=0.25), shares(y20=3e-120, y60=1e-120)
    np.testing.assert_allclose(sharpened_age(tiny, 4.0), sharpened_age(whole, 4.0))


def test_the_higher_the_power_the_nearer_to_the_peak():
    distribution, peak = lopsided()
    away = [np.abs(sharpened_age(distribution, power) - peak).mean() for power in (1.0, 2.0, 4.0, 50.0)]
    assert all(more > less for more, less in pairwise(away))
    assert away[-1] < 0.1


def test_the_power_that_errs_least_is_chosen():
    distribution, peak = lopsided()
    assert choose_power(distribution, peak) == POWERS[-1]
    assert choose_power(distribution, sharpened_age(distribution, 2.0)) == 2.0
    assert choose_power(distribution, sharpened_age(distribution, 1.0)) == 1.0


def test_a_power_that_is_hardly_better_is_not_taken():
    # Of 100 faces two gain by a high power and one loses as much, which is no more than chance.
    distribution = np.concatenate([shares(y20=0.5, y30=0.5)] * 97 + [shares(y20=0.6, y60=0.4)] * 3)
    true = np.array([25.0] * 97 + [20.0, 20.0, 52.0])
    errors = [np.abs(sharpened_age(distribution, power) - true).mean() for power in (1.0, 2.0)]
    assert errors[0] > errors[1]
    assert choose_power(distribution, true) == 1.0


def test_of_equal_powers_the_smallest_is_chosen():
    assert choose_power(shares(y40=1.0), [40.0]) == 1.0
