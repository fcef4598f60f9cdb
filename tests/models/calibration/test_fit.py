"""Fitted calibrations: widths by hand-made numbers, coverage on new faces, and the order of the three steps."""

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.fit import fit_calibration, fit_intervals
from agelens.models.calibration.intervals import central_shares
from tests.models.calibration.distributions import distributions


def test_each_band_of_predicted_age_has_its_own_half_width() -> None:
    age = np.repeat([5.0, 50.0], 19)
    error = np.tile(np.arange(1.0, 20.0), 2) * np.repeat([0.1, 1.0], 19)
    fitted = fit_intervals(age, age + error, age + error, edges=(20,), min_rows=19)
    assert fitted.edges == (20.0,)
    assert fitted.half_widths == pytest.approx((1.8, 18.0))


def test_an_age_at_an_edge_is_of_the_upper_band() -> None:
    age = np.repeat([10.0, 20.0], 19)
    error = np.repeat([1.0, 7.0], 19)
    fitted = fit_intervals(age, age + error, age + error, edges=(20,), min_rows=19)
    assert fitted.half_widths == (1.0, 7.0)


@pytest.mark.parametrize(("coverage", "shares"), [(0.45, (0.7, 0.1, 0.8)), (0.7, (0.7, 0.7, 0.8))])
def test_rows_of_adjacent_bands_have_half_the_weight_in_shares(
    coverage: float, shares: tuple[float, float, float]
) -> None:
    age = np.repeat([5.0, 15.0, 25.0], 10)
    year = np.repeat([30.0, 31.0, 32.0], 10)
    distribution = distributions(*[{30: 0.3, 31: 0.5, 32: 0.2}] * 30)
    assert central_shares(distribution[:1])[0, [30, 31, 32]] == pytest.approx([0.7, 0.1, 0.8])
    fitted = fit_intervals(age, year, year, distribution=distribution, edges=(10, 20), min_rows=10, coverage=coverage)
    # First and last band: own rows weigh 10 and those of the middle (0.1) 5; 45 % of 16 are 7.2, 70 % are 11.2.
    # Middle band: own rows (0.1) weigh 10, the others (0.7 and 0.8) 5 each; 45 % of 21 are 9.45, 70 % are 14.7.
    assert fitted.shares == pytest.approx(shares)


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ((50, 50, 50), (10.0, 20.0)),
        ((50, 10, 40), (10.0,)),  # the thin middle is merged into its thinner neighbour, the last
        ((10, 50, 90), (20.0,)),  # the first has one neighbour
        ((10, 90, 50), (20.0,)),  # which is not the last band
        ((50, 90, 0), (10.0,)),  # so has the last
        ((10, 10, 10), ()),  # thin even when merged: one band
    ],
)
def test_thin_bands_are_merged_into_a_neighbour(counts: tuple[int, ...], kept: tuple[float, ...]) -> None:
    age = np.repeat([5.0, 15.0, 25.0], counts)
    fitted = fit_intervals(age, age, age, edges=(10, 20), min_rows=50)
    assert fitted.edges == kept
    assert len(fitted.half_widths) == len(kept) + 1


@pytest.mark.parametrize(("rows", "edges"), [(100, (10.0,)), (99, ())])
def test_a_band_needs_a_hundred_rows_by_default(rows: int, edges: tuple[float, ...]) -> None:
    age = np.repeat([5.0, 15.0], [100, rows])
    assert fit_intervals(age, age, age).edges == edges


def test_intervals_cover_new_faces_in_every_band() -> None:
    rng = np.random.default_rng(7)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        age = rng.uniform(0, 100, count)
        return age, np.clip(age + rng.normal(0, 1 + age / 10, count), 0, 100)

    age, true = draw(5000)
    fitted = fit_intervals(age, true, true)
    age, true = draw(20_000)
    low, high = fitted.interval(age)
    inside = (low <= true) & (true <= high)
    assert 0.88 < inside.mean() < 0.92
    for band in range(10):
        assert 0.85 < inside[(age >= 10 * band) & (age < 10 * band + 10)].mean() < 0.95
    assert fitted.half_widths[0] < fitted.half_widths[-2]


def test_shares_are_conformal_quantiles() -> None:
    # Of ten equal years, the label k places from the middle needs |2 (k + 0.5) / 10 - 1|: 0.1, 0.3 ... 0.9 both ways.
    age, distribution = np.full(9, 34.5), distributions(*[dict.fromkeys(range(30, 40), 0.1)] * 9)
    true = np.array([34.0, 35, 34, 35, 33, 36, 32, 37, 38])  # needs 0.1 four times, 0.3, 0.3, 0.5, 0.5, 0.7
    fitted = fit_intervals(age, true, true, distribution=distribution)
    assert fitted.shares == pytest.approx((0.7,))
    assert fitted.half_widths == ()
    few = fit_intervals(age[:5], true[:5], true[:5], distribution=distribution[:5])
    assert few.shares == (1.0,)  # five rows are too few for a coverage of 0.9


def test_an_age_between_two_years_needs_both() -> None:
    distribution = distributions(*[dict.fromkeys(range(30, 40), 0.1)] * 9)
    true = np.full(9, 36.5)
    assert fit_intervals(np.full(9, 34.5), true, true, distribution=distribution).shares == pytest.approx((0.5,))


def test_intervals_of_shares_cover_new_faces_and_adapt_to_uncertainty() -> None:
    rng, years = np.random.default_rng(11), np.arange(101)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sigma, age = rng.uniform(2, 12, count), rng.uniform(20, 80, count)
        true = np.clip(np.round(age + rng.normal(0, sigma)), 0, 100)
        too_narrow = np.exp(-0.5 * ((years - age[:, None]) / (0.6 * sigma[:, None])) ** 2)
        return age, true, too_narrow

    age, true, distribution = draw(5000)
    fitted = fit_intervals(age, true, true, distribution=distribution)
    plain = fit_intervals(age, true, true)
    age, true, distribution = draw(20_000)
    low, high = fitted.interval(age, distribution)
    assert 0.88 < ((low <= true) & (true <= high)).mean() < 0.92
    plain_low, plain_high = plain.interval(age)
    assert (high - low).mean() < 0.95 * (plain_high - plain_low).mean()
    assert (low == np.floor(low)).mean() > 0.99


def test_bands_are_those_of_corrected_ages() -> None:
    correction = BiasCorrection((10.0, 50.0), (0.0, 20.0))
    age = np.repeat([10.0, 50.0], 19)
    true = np.repeat([10.0, 70.0], 19)
    fitted = fit_intervals(age, true, true, correction=correction, edges=(60,), min_rows=19)
    assert fitted.edges == (60.0,)
    assert fitted.half_widths == (0.0, 0.0)
    assert fitted.correction == correction


@pytest.mark.parametrize(("temperature", "edges"), [(1.0, ()), (0.5, (25.0,))])
def test_bands_are_those_of_ages_at_the_temperature(temperature: float, edges: tuple[float, ...]) -> None:
    # Both distributions have the mean 30; at temperature 0.5 the first has 24, the second 30.
    distribution = distributions(*[{20: 0.75, 60: 0.25}] * 19, *[{20: 0.5, 40: 0.5}] * 19)
    age, true = np.full(38, 30.0), np.full(38, 20.0)
    fitted = fit_intervals(
        age, true, true, distribution=distribution, temperature=temperature, edges=(25,), min_rows=19
    )
    assert (fitted.edges, fitted.temperature) == (edges, temperature)


@pytest.mark.parametrize(("age", "true"), [([], []), ([1.0, 2.0], [1.0]), ([float("nan")], [1.0]), ([[1.0]], [[1.0]])])
def test_unusable_rows_are_rejected(age: list[float], true: list[float]) -> None:
    with pytest.raises(DataError, match="Intervals are fitted on"):
        fit_intervals(age, true, true)
    with pytest.raises(DataError, match="Intervals are fitted on"):
        fit_calibration(age, true, groups=["one"] * len(age))


def skewed(rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return output ages, distributions and true ages; the mean at temperature 0.5 is 4 years above the true age."""
    distribution = distributions(*[{20: 0.75, 60: 0.25}] * rows)
    return np.full(rows, 30.0), distribution, np.full(rows, 20.0)


def test_the_temperature_is_chosen_before_correction_and_intervals() -> None:
    age, distribution, true = skewed()
    fitted = fit_calibration(age, true, groups=[f"face {i}" for i in range(400)], distribution=distribution)
    # Shares to the power 4: (81 * 20 + 60) / 82 = 20.488.
    assert fitted.calibration.temperature == 0.25
    assert fitted.temperature_mae == pytest.approx((10.0, 40 / 82))
    assert fitted.calibration.correction == fitted.correction.correction
    assert fitted.correction.mae[0] == pytest.approx(40 / 82)  # the correction starts from ages at the temperature
    assert fitted.calibration.age(age, distribution) == pytest.approx(np.full(400, 20 + 40 / 82))


@pytest.mark.parametrize("distribution", [True, False])
def test_no_temperature_is_fitted_if_it_is_off_or_there_is_no_distribution(distribution: bool) -> None:
    age, shares, true = skewed()
    groups = [f"face {i}" for i in range(400)]
    fitted = fit_calibration(
        age, true, groups=groups, distribution=shares if distribution else None, fit_temperature=not distribution
    )
    assert fitted.calibration.temperature == 1
    assert fitted.temperature_mae == (10.0, 10.0)


def test_the_correction_is_applied() -> None:
    true = np.repeat(np.arange(5.0, 96, 10), 40)
    predicted = 45 + 0.8 * (true - 45)
    fitted = fit_calibration(predicted, true, groups=[f"face {i}" for i in range(400)])
    assert fitted.calibration.age([13.0, 45.0, 77.0]) == pytest.approx([5, 45, 85])


def test_an_interval_is_never_narrower_than_two_years() -> None:
    distribution = np.zeros((120, 101))
    distribution[:, 30] = 1.0
    fitted = fit_intervals(np.full(120, 30.0), np.full(120, 30.0), np.full(120, 30.0), distribution=distribution)
    low, high = fitted.interval(np.array([30.0]), distribution[:1])
    assert (low[0], high[0]) == (29.0, 31.0)


def test_an_interval_has_at_least_the_smallest_share() -> None:
    distribution = np.tile(np.exp(-0.5 * ((np.arange(101) - 40) / 5.0) ** 2), (200, 1))
    distribution /= distribution.sum(axis=1, keepdims=True)
    exact = np.full(200, 40.0)  # every error is 0, so that validation allows the narrowest interval
    narrow = fit_intervals(exact, exact, exact, distribution=distribution)
    wide = fit_intervals(exact, exact, exact, distribution=distribution, min_share=0.9)
    assert narrow.shares[0] < 0.1
    assert wide.shares == (0.9,)
    low, high = wide.interval(np.array([40.0]), distribution[:1])
    assert (low[0], high[0]) == (32.0, 48.0)  # 1.645 times 5 years, in whole years
