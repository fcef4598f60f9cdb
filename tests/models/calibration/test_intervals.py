"""Conformal scores and quantiles by hand-made numbers."""

import numpy as np
import pytest

from agelens.models.calibration.intervals import central_shares, conformal_quantile, label_errors, label_shares
from tests.models.calibration.distributions import distributions


@pytest.mark.parametrize(
    ("age", "low", "high", "error"),
    [(30, 25, 25, 5), (20, 25, 25, 5), (25, 25, 25, 0), (27, 25, 32, 0), (24, 25, 32, 1), (35.5, 25, 32, 3.5)],
)
def test_error_is_the_distance_to_the_label(age: float, low: float, high: float, error: float) -> None:
    assert label_errors([age], [low], [high]).tolist() == [error]


@pytest.mark.parametrize(
    ("count", "coverage", "expected"),
    [
        (9, 0.9, 9.0),  # ceil(10 * 0.9) = 9th of 1..9
        (19, 0.9, 18.0),  # ceil(20 * 0.9) = 18th
        (20, 0.9, 19.0),  # ceil(18.9) = 19th
        (99, 0.55, 55.0),  # 100 * 0.55 is slightly above 55 in floats
        (8, 0.9, 100.0),  # ceil(8.1) = 9th of 8: too few errors for this coverage
        (0, 0.9, 100.0),
    ],
)
def test_quantile_is_the_conformal_rank(count: int, coverage: float, expected: float) -> None:
    errors = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert conformal_quantile(errors, coverage) == expected


def test_quantile_of_weighted_errors() -> None:
    errors, weights = np.array([4.0, 1.0, 3.0, 2.0]), np.array([0.5, 1.0, 0.5, 1.0])
    # Cumulative weights of 1, 2, 3, 4 are 1, 2, 2.5, 3; the total with the new face is 4.
    quantiles = [conformal_quantile(errors, coverage, weights=weights) for coverage in (0.25, 0.5, 0.6, 0.75, 0.8)]
    assert quantiles == [1.0, 2.0, 3.0, 4.0, 100.0]


def test_central_share_is_zero_at_the_median_and_one_at_the_ends() -> None:
    # Up to the middles of 30, 31, 32 the cumulative shares are 0.1, 0.5 and 0.9.
    (needed,) = central_shares(distributions({30: 0.2, 31: 0.6, 32: 0.2}))
    assert needed[30:33] == pytest.approx([0.8, 0.0, 0.8])
    assert needed[[0, 29, 33, 100]] == pytest.approx(1)


def test_central_shares_are_of_the_normalised_distribution() -> None:
    distribution = distributions({30: 0.2, 31: 0.6, 32: 0.2}, {40: 0.5, 41: 0.5})
    np.testing.assert_allclose(central_shares(3 * distribution), central_shares(distribution))


@pytest.mark.parametrize(
    ("low", "high", "share"),
    [
        (30, 30, 0.8),
        (31, 31, 0.0),
        (30.5, 30.5, 0.8),  # between two years: both must be inside
        (30, 32, 0.0),  # the nearest year of a span
        (32, 40, 0.8),
        (25, 30, 0.8),
        (25, 29.5, 0.8),  # the span reaches into the year 30
        (31.5, 40, 0.0),  # this one reaches into the year 31
        (33, 100, 1.0),
    ],
)
def test_a_label_needs_the_share_of_its_nearest_year(low: float, high: float, share: float) -> None:
    distribution = distributions({30: 0.2, 31: 0.6, 32: 0.2})
    assert label_shares(distribution, np.array([low]), np.array([high])) == pytest.approx([share])


def test_a_span_may_end_at_the_last_year() -> None:
    distribution = distributions({100: 1.0})
    assert label_shares(distribution, np.array([95.0]), np.array([100.0])).tolist() == [0.0]
