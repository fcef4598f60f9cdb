"""Bootstrap intervals."""

import math

import numpy as np
import pytest

from agelens.models.evaluation.bootstrap import bootstrap_interval


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


def test_bootstrap_in_blocks_equals_the_bootstrap_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(50.0)
    at_once = bootstrap_interval(values)
    monkeypatch.setattr("agelens.models.evaluation.bootstrap.BLOCK_VALUES", 170)
    assert bootstrap_interval(values) == at_once


@pytest.mark.parametrize(("values", "expected"), [([], (math.nan, math.nan)), ([4.0], (4.0, 4.0))])
def test_bootstrap_of_no_or_one_value(values: list[float], expected: tuple[float, float]) -> None:
    assert bootstrap_interval(values) == pytest.approx(expected, nan_ok=True)
