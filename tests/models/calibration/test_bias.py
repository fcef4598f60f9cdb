"""Bias correction: hand-made biases are removed, and never at more than the allowed MAE."""

import json
import zlib

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.models.calibration.bias import (
    CROSS_FITTING_FOLDS,
    BiasCorrection,
    choose_correction,
    end_bias,
    full_correction,
)

MIDDLES = np.arange(5.0, 96, 10)
"""The middle of each band of ten years."""


def shrunk(*, rows: int = 40, noise: float = 0.0, factor: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted and true ages of a model that shrinks every age towards 45 years."""
    true = np.repeat(MIDDLES, rows)
    return 45 + factor * (true - 45) + np.random.default_rng(5).normal(0, noise, true.size), true


def names(count: int) -> list[str]:
    return [f"photo {i}" for i in range(count)]


def test_shifts_are_linear_between_knots_and_constant_beyond_them() -> None:
    correction = BiasCorrection(ages=(10.0, 20.0, 60.0, 80.0), shifts=(-2.0, 0.0, 0.0, 8.0))
    found = correction.apply([[1.0, 5.0, 15.0], [40.0, 70.0, 90.0]])
    assert found.tolist() == [[0.0, 3.0, 14.0], [40.0, 74.0, 98.0]]
    assert correction.apply([99.0]).tolist() == [100.0]
    assert correction.scaled(0.5).apply([90.0]).tolist() == [94.0]


def test_without_knots_ages_are_clipped_and_nothing_else() -> None:
    assert BiasCorrection().apply([-3.0, 41.5, 120.0]).tolist() == [0.0, 41.5, 100.0]


def test_the_full_correction_centres_the_bands_at_both_ends_and_no_others() -> None:
    age, true = shrunk()
    correction = full_correction(age, true)
    # At the true age 5 the model predicts 45 + 0.8 * (5 - 45) = 13 years, at 85 it predicts 77.
    assert correction.ages == pytest.approx(45 + 0.8 * (MIDDLES - 45))
    assert correction.shifts == pytest.approx([-8, 0, 0, 0, 0, 0, 4, 6, 8, 10])
    assert correction.apply([13.0, 45.0, 77.0]) == pytest.approx([5, 45, 85])


def test_thin_bands_are_merged_before_they_are_centred() -> None:
    age, true = shrunk()
    kept = (true < 85) | (np.arange(true.size) % 40 < 10)  # ten rows each of 85 and 95
    correction = full_correction(age[kept], true[kept])
    assert len(correction.ages) == 8
    assert correction.shifts[-1] == pytest.approx((40 * 6 + 10 * 8 + 10 * 10) / 60)


def test_full_strength_is_chosen_where_it_costs_nothing() -> None:
    age, true = shrunk(rows=100)
    chosen = choose_correction(age, true, groups=names(age.size), max_mae_cost=0.05)
    assert chosen.strength == 1.0
    assert chosen.end_bias == pytest.approx((7.2, 0.0), abs=1e-9)
    assert chosen.mae[1] < chosen.mae[0]


@pytest.mark.parametrize("cost", [0.0, 0.02, 0.05, 0.5])
def test_the_mae_rises_by_no_more_than_allowed(cost: float) -> None:
    # A model that predicts the mean of ages that it cannot tell apart: any correction raises the MAE.
    rng = np.random.default_rng(2)
    true = rng.uniform(0, 100, 4000)
    age = 50 + 0.7 * (true + rng.normal(0, 22, true.size) - 50)
    chosen = choose_correction(age, true, groups=names(age.size), max_mae_cost=cost)
    assert chosen.mae[1] <= chosen.mae[0] + cost
    assert chosen.end_bias[1] <= chosen.end_bias[0]
    weaker = choose_correction(age, true, groups=names(age.size), max_mae_cost=cost / 2)
    assert weaker.strength <= chosen.strength


def test_strength_is_chosen_by_cross_fitting_over_groups() -> None:
    """Five old persons, one per fold, all predicted 60: four are 60, one is 69; five children without errors.

    The map of a fold comes from the other persons. It shifts 60 by (60 + 60 + 60 + 69) / 4 - 60 = 2.25 years for each
    of the four and by 0 for the fifth, so at strength s the MAE of the old is (4 * 2.25 s + 9) / 5. With folds by row,
    or without folds, all shifts would be about the mean 1.8 and the MAE (4 * 1.8 s + 9 - 1.8 s) / 5: strength 0.85.
    """
    person_of_fold = {zlib.crc32(f"person {i}".encode()) % CROSS_FITTING_FOLDS: f"person {i}" for i in range(50)}
    persons = list(person_of_fold.values())
    groups = np.repeat([persons, persons], 30).tolist()
    true = np.repeat([5.0, 5, 5, 5, 5, 60, 60, 60, 60, 69], 30)
    age = np.repeat([5.0, 60.0], 150)
    chosen = choose_correction(age, true, groups=groups, max_mae_cost=0.46)
    assert len(persons) == CROSS_FITTING_FOLDS
    assert chosen.strength == 0.5
    assert chosen.mae == pytest.approx((0.9, 0.9 + 0.5 * 0.9))  # half of the rows are children
    assert chosen.end_bias == pytest.approx((0.9, 0.45))
    assert chosen.correction.shifts == pytest.approx((0.0, 0.9))


def test_without_an_affordable_strength_there_is_no_correction() -> None:
    # The full correction exists, but it costs more than nothing at every strength above 0.
    true = np.repeat([5.0, 60, 60, 69], 30)
    age = np.repeat([5.0, 60, 60, 60], 30)
    chosen = choose_correction(age, true, groups=names(120), max_mae_cost=0.0)
    assert full_correction(age, true).ages == (5.0, 60.0)
    assert (chosen.strength, chosen.correction) == (0.0, BiasCorrection())


def test_predicted_ages_are_clipped_before_they_are_measured() -> None:
    chosen = choose_correction([-5.0, 120.0], [0.0, 100.0], groups=["a", "b"], max_mae_cost=0.05)
    assert chosen.mae == (0.0, 0.0)


@pytest.mark.parametrize(("rows", "knots"), [(30, 3), (29, 2)])
def test_a_band_needs_thirty_rows(rows: int, knots: int) -> None:
    true = np.repeat([5.0, 15.0, 25.0], [40, rows, 40])
    assert len(full_correction(true, true).ages) == knots


def test_one_band_is_not_corrected() -> None:
    assert full_correction(np.full(100, 7.0), np.full(100, 5.0)) == BiasCorrection()


def test_two_bands_may_be_corrected_to_the_same_age() -> None:
    # The middle band is predicted 65 and stays there; the old band is predicted 70 and moves down to its mean of 65.
    correction = full_correction(np.repeat([65.0, 70.0], 30), np.repeat([55.0, 65.0], 30))
    assert correction == BiasCorrection((65.0, 70.0), (0.0, -5.0))


def test_knots_may_be_less_than_a_year_apart() -> None:
    assert BiasCorrection((10.0, 10.5), (0.0, 0.0)).apply([10.25]).tolist() == [10.25]


def test_ages_without_a_bias_are_hardly_changed() -> None:
    age, true = shrunk(rows=2000, noise=2.0, factor=1.0)
    chosen = choose_correction(age, true, groups=names(age.size), max_mae_cost=0.05)
    assert chosen.correction.apply(MIDDLES) == pytest.approx(MIDDLES, abs=0.2)


@pytest.mark.parametrize("age", [np.full(400, 30.0), 100 - shrunk()[1]], ids=["constant", "reversed"])
def test_predictions_unrelated_to_age_are_not_corrected(age: np.ndarray) -> None:
    chosen = choose_correction(age, shrunk()[1], groups=names(400), max_mae_cost=5.0)
    assert (chosen.strength, chosen.correction) == (0.0, BiasCorrection())


def test_two_rows_are_too_few_to_correct() -> None:
    chosen = choose_correction([20.0, 30.0], [25.0, 80.0], groups=["a", "b"], max_mae_cost=5.0)
    assert chosen.correction == BiasCorrection()


def test_end_bias_is_the_mean_absolute_bias_of_the_bands_at_both_ends() -> None:
    true = np.array([5.0, 5, 35, 65, 95])
    assert end_bias(true + np.array([2, 4, 50, -3, -9]), true) == pytest.approx((3 + 3 + 9) / 3)
    assert end_bias(np.array([30.0]), np.array([40.0])) == 0


def test_json_round_trip() -> None:
    correction = BiasCorrection((10.0, 60.0), (-1.0, 2.5))
    assert BiasCorrection.from_json(json.loads(json.dumps(correction.to_json()))) == correction


@pytest.mark.parametrize(
    ("ages", "shifts"),
    [
        ((10.0,), ()),
        ((10.0, 20.0, 30.0), (0.0, 0.0)),
        ((10.0, 10.0), (0.0, 0.0)),
        ((10.0, 20.0), (0.0, -11.0)),
        ((10.0,), (float("nan"),)),
    ],
    ids=["no shift", "lengths", "equal ages", "order reversed", "not a number"],
)
def test_inconsistent_numbers_are_rejected(ages: tuple[float, ...], shifts: tuple[float, ...]) -> None:
    with pytest.raises(DataError, match="keep the order of ages"):
        BiasCorrection(ages, shifts)
