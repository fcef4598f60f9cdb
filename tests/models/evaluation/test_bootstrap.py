"""Bootstrap intervals."""

import math

import numpy as np
import pytest

from agelens.models.evaluation.bootstrap import (
    bootstrap_interval,
    bootstrap_means,
    percentile_interval,
    resampled_weights,
    share_interval,
)


def test_bootstrap_agrees_with_the_standard_error() -> None:
    values = np.random.default_rng(0).normal(10, 3, 900)
    low, high = bootstrap_interval(values)
    assert low == pytest.approx(values.mean() - 1.96 * 0.1, abs=0.03)
    assert high == pytest.approx(values.mean() + 1.96 * 0.1, abs=0.03)


def test_half_of_the_means_lie_within_the_interval_of_confidence_one_half() -> None:
    values = np.random.default_rng(0).normal(10, 3, 900)
    low, high = bootstrap_interval(values, confidence=0.5)
    assert low == pytest.approx(values.mean() - 0.6745 * 0.1, abs=0.012)
    assert high == pytest.approx(values.mean() + 0.6745 * 0.1, abs=0.012)


def test_copies_of_a_face_make_no_interval_narrower() -> None:
    values = np.random.default_rng(0).normal(10, 3, 900)
    copies, people = np.repeat(values, 4), np.repeat(np.arange(900), 4)
    assert bootstrap_interval(copies, people) == pytest.approx(bootstrap_interval(values))
    low, high = bootstrap_interval(copies)
    assert high - low == pytest.approx((2 * 1.96 * 0.1) / 2, abs=0.03)


def test_a_sample_holds_whole_clusters() -> None:
    for weights in resampled_weights(["b", "a", "b", "c"], seed=1, resamples=20):
        assert weights[0] == weights[2]
        assert weights[[0, 1, 3]].sum() == 3


def test_means_are_those_of_the_weighted_rows() -> None:
    scores = np.array([[1.0, 5.0], [2.0, np.nan], [4.0, 8.0], [9.0, np.nan]])
    clusters = ["a", "b", "a", "c"]
    found = bootstrap_means(scores, clusters, seed=2, resamples=30)
    for weights, means in zip(resampled_weights(clusters, seed=2, resamples=30), found, strict=True):
        applies = ~np.isnan(scores)
        with np.errstate(invalid="ignore"):
            expected = (np.where(applies, scores, 0) * weights[:, None]).sum(0) / (applies * weights[:, None]).sum(0)
        assert means == pytest.approx(expected, nan_ok=True)


def test_draws_to_which_a_score_does_not_apply_are_left_out() -> None:
    low, high = percentile_interval([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]], confidence=0.5)
    assert (low[0], high[0]) == (1.5, 2.5)
    assert math.isnan(low[1])
    assert math.isnan(high[1])


@pytest.mark.parametrize(("values", "expected"), [([], (math.nan, math.nan)), ([4.0], (4.0, 4.0))])
def test_bootstrap_of_no_or_one_value(values: list[float], expected: tuple[float, float]) -> None:
    assert bootstrap_interval(values) == pytest.approx(expected, nan_ok=True)


def test_a_share_of_none_or_all_has_an_interval_by_its_number_of_clusters() -> None:
    # Clopper and Pearson: with 0 of n, the upper end is 1 - 0.025 ** (1 / n).
    assert share_interval([0] * 40, np.arange(40)) == pytest.approx((0.0, 0.0881), abs=1e-4)
    assert share_interval([1] * 40, np.arange(40)) == pytest.approx((0.9119, 1.0), abs=1e-4)
    assert share_interval([0] * 40, np.arange(40) // 2) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert share_interval([], []) == pytest.approx((math.nan, math.nan), nan_ok=True)


def test_other_shares_have_the_bootstrap_interval() -> None:
    hits = [0, 1] * 50
    assert share_interval(hits, np.arange(100)) == bootstrap_interval(hits)
