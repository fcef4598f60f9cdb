"""The correction of ages at both ends of the range: hand-made biases in, none out, and never for too high a price."""

import json

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.models.calibration.bias import BiasCorrection, choose_correction, end_bias, full_correction

MIDDLES = np.arange(5.0, 96, 10)
"""The middle of each band of ten years."""


def shrunk(*, rows: int = 40, noise: float = 0.0, factor: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted and true ages of a model that shrinks every age towards 45 years."""
    true = np.repeat(MIDDLES, rows)
    return 45 + factor * (true - 45) + np.random.default_rng(5).normal(0, noise, true.size), true


def names(count: int) -> list[str]:
    return [f"photo {i}" for i in range(count)]


def test_between_knots_the_shift_is_linear_and_beyond_them_constant() -> None:
    correction = BiasCorrection(ages=(10.0, 20.0, 60.0, 80.0), shifts=(-2.0, 0.0, 0.0, 8.0))
    found = correction.apply([[1.0, 5.0, 15.0], [40.0, 70.0, 90.0]])
    assert found.tolist() == [[0.0, 3.0, 14.0], [40.0, 74.0, 98.0]]
    assert correction.apply([99.0]).tolist() == [100.0]
    assert correction.scaled(0.5).apply([90.0]).tolist() == [94.0]


def test_without_knots_ages_are_only_clipped() -> None:
    assert BiasCorrection().apply([-3.0, 41.5, 120.0]).tolist() == [0.0, 41.5, 100.0]


def test_the_full_correction_centres_the_bands_at_both_ends_and_leaves_the_others() -> None:
    age, true = shrunk()
    correction = full_correction(age, true)
    # 45 + 0.8 * (5 - 45) = 13 years is said of the age 5, and 77 of 85.
    assert correction.ages == pytest.approx(45 + 0.8 * (MIDDLES - 45))
    assert correction.shifts == pytest.approx([-8, 0, 0, 0, 0, 0, 4, 6, 8, 10])
    assert correction.apply([13.0, 45.0, 77.0]) == pytest.approx([5, 45, 85])


def test_bands_of_a_few_rows_are_merged_before_they_are_centred() -> None:
    age, true = shrunk()
    kept = (true < 85) | (np.arange(true.size) % 40 < 10)  # ten rows each of 85 and 95
    correction = full_correction(age[kept], true[kept])
    assert len(correction.ages) == 8
    assert correction.shifts[-1] == pytest.approx((40 * 6 + 10 * 8 + 10 * 10) / 60)


def test_the_strongest_correction_is_chosen_where_it_costs_nothing() -> None:
    age, true = shrunk(rows=100)
    chosen = choose_correction(age, true, groups=names(age.size), max_mae_cost=0.05)
    assert chosen.strength == 1.0
    assert chosen.end_bias == pytest.approx((7.2, 0.0), abs=1e-9)
    assert chosen.mae[1] < chosen.mae[0]


@pytest.mark.parametrize("cost", [0.0, 0.02, 0.05, 0.5])
def test_the_mae_rises_by_no_more_than_allowed(cost: float) -> None:
    # A model that answers with the mean of what it cannot tell apart: any correction costs.
    rng = np.random.default_rng(2)
    true = rng.uniform(0, 100, 4000)
    age = 50 + 0.7 * (true + rng.normal(0, 22, true.size) - 50)
    chosen = choose_correction(age, true, groups=names(age.size), max_mae_cost=cost)
    assert chosen.mae[1] <= chosen.mae[0] + cost
    assert chosen.end_bias[1] <= chosen.end_bias[0]
    weaker = choose_correction(age, true, groups=names(age.size), max_mae_cost=cost / 2)
    assert weaker.strength <= chosen.strength


def test_ages_without_a_bias_stay_as_they_are() -> None:
    age, true = shrunk(rows=2000, noise=2.0, factor=1.0)
    chosen = choose_correction(age, true, groups=names(age.size), max_mae_cost=0.05)
    assert chosen.correction.apply(MIDDLES) == pytest.approx(MIDDLES, abs=0.2)


@pytest.mark.parametrize("age", [np.full(400, 30.0), 100 - shrunk()[1]], ids=["always the same", "upside down"])
def test_a_model_that_tells_no_ages_is_not_corrected(age: np.ndarray) -> None:
    chosen = choose_correction(age, shrunk()[1], groups=names(400), max_mae_cost=5.0)
    assert (chosen.strength, chosen.correction) == (0.0, BiasCorrection())


def test_a_handful_of_rows_corrects_nothing() -> None:
    chosen = choose_correction([20.0, 30.0], [25.0, 80.0], groups=["a", "b"], max_mae_cost=5.0)
    assert chosen.correction == BiasCorrection()


def test_the_bias_of_the_ends_is_the_mean_size_of_that_of_their_bands() -> None:
    true = np.array([5.0, 5, 35, 65, 95])
    assert end_bias(true + np.array([2, 4, 50, -3, -9]), true) == pytest.approx((3 + 3 + 9) / 3)
    assert end_bias(np.array([30.0]), np.array([40.0])) == 0


def test_json_gives_the_same_correction_back() -> None:
    correction = BiasCorrection((10.0, 60.0), (-1.0, 2.5))
    assert BiasCorrection.from_json(json.loads(json.dumps(correction.to_json()))) == correction


@pytest.mark.parametrize(
    ("ages", "shifts"),
    [((10.0,), ()), ((10.0, 10.0), (0.0, 0.0)), ((10.0, 20.0), (0.0, -11.0)), ((10.0,), (float("nan"),))],
    ids=["lengths", "no order", "turned round", "no number"],
)
def test_numbers_that_make_no_map_are_refused(ages: tuple[float, ...], shifts: tuple[float, ...]) -> None:
    with pytest.raises(DataError, match="keep the order of ages"):
        BiasCorrection(ages, shifts)
