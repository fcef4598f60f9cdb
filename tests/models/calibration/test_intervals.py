import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.intervals import (
    METHODS,
    Calibration,
    conformal_quantile,
    fit_intervals,
    label_errors,
    middle_shares,
)

PLAIN = {"method": METHODS["half_widths"], "coverage": 0.9, "edges": [20.0], "half_widths": [2.0, 8.0]}
SHARES = {"method": METHODS["shares"], "coverage": 0.9, "edges": [20.0], "shares": [0.5, 0.9]}


def distributions(*shares: dict[int, float]) -> np.ndarray:
    """Return distributions `(B, 101)` from the shares of some years."""
    table = np.zeros((len(shares), 101))
    for row, given in zip(table, shares, strict=True):
        row[list(given)] = list(given.values())
    return table


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
        (99, 0.55, 55.0),  # 100 * 0.55 is a little above 55 in floats
        (8, 0.9, 100.0),  # ceil(8.1) = 9th of 8: nothing less than everything can be promised
        (0, 0.9, 100.0),
    ],
)
def test_quantile_is_the_conformal_rank(count: int, coverage: float, expected: float) -> None:
    errors = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert conformal_quantile(errors, coverage) == expected


def test_a_lighter_error_counts_for_less() -> None:
    errors, weights = np.array([4.0, 1.0, 3.0, 2.0]), np.array([0.5, 1.0, 0.5, 1.0])
    # Cumulative weights of 1, 2, 3, 4 are 1, 2, 2.5, 3; with the new face all weigh 4.
    assert [conformal_quantile(errors, share, weights=weights) for share in (0.25, 0.5, 0.6, 0.75, 0.8)] == [
        1.0,
        2.0,
        3.0,
        4.0,
        100.0,
    ]


def test_a_band_learns_its_share_from_its_neighbours_at_half_the_weight() -> None:
    age = np.repeat([5.0, 15.0, 25.0], 10)
    year = np.repeat([30.0, 31.0, 32.0], 10)
    distribution = distributions(*[{30: 0.3, 31: 0.5, 32: 0.2}] * 30)
    fitted = fit_intervals(age, year, year, distribution=distribution, edges=(10, 20), min_rows=10, coverage=0.45)
    needed = middle_shares(distribution[:1])[0, [30, 31, 32]]
    assert needed == pytest.approx([0.7, 0.1, 0.8])
    # First and last band: their own weigh ten, and 0.1 five, of which 45 % (and the new face) are 7.2.
    # Middle band: 0.1 weighs ten and the others five each, of which 45 % are 9.45.
    assert fitted.shares == pytest.approx((0.7, 0.1, 0.8))


def test_each_band_of_predicted_age_has_its_own_half_width() -> None:
    age = np.repeat([5.0, 50.0], 19)
    error = np.tile(np.arange(1.0, 20.0), 2) * np.repeat([0.1, 1.0], 19)
    fitted = fit_intervals(age, age + error, age + error, edges=(20,), min_rows=19)
    assert fitted.edges == (20.0,)
    assert fitted.half_widths == pytest.approx((1.8, 18.0))


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ((50, 50, 50), (10.0, 20.0)),
        ((50, 10, 40), (10.0,)),  # the thin middle joins its thinner neighbour, the last
        ((10, 50, 90), (20.0,)),  # the first has one neighbour
        ((50, 90, 0), (10.0,)),  # so has the last
        ((10, 10, 10), ()),  # all together are still thin: one band
    ],
)
def test_thin_bands_are_merged_into_a_neighbour(counts: tuple[int, ...], kept: tuple[float, ...]) -> None:
    age = np.repeat([5.0, 15.0, 25.0], counts)
    fitted = fit_intervals(age, age, age, edges=(10, 20), min_rows=50)
    assert fitted.edges == kept
    assert len(fitted.half_widths) == len(kept) + 1


def test_intervals_hold_on_new_faces_in_every_band() -> None:
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


def test_interval_is_clipped_and_edges_belong_to_the_upper_band() -> None:
    low, high = Calibration.from_json(PLAIN).interval([1.0, 19.9, 20.0, 97.0])
    assert low == pytest.approx([0.0, 17.9, 12.0, 89.0])
    assert high == pytest.approx([3.0, 21.9, 28.0, 100.0])


def test_the_middle_that_holds_a_year_is_nothing_at_the_median_and_all_at_the_ends() -> None:
    # Up to the middles of 30, 31, 32 the cumulative shares are 0.1, 0.5 and 0.9.
    (needed,) = middle_shares(distributions({30: 0.2, 31: 0.6, 32: 0.2}))
    assert needed[30:33] == pytest.approx([0.8, 0.0, 0.8])
    assert needed[[0, 29, 33, 100]] == pytest.approx(1)


def test_an_interval_of_shares_is_the_middle_of_its_own_face() -> None:
    calibration = Calibration.from_json(SHARES)
    flat, sharp = dict.fromkeys(range(30, 40), 0.1), {9: 0.3, 10: 0.4, 11: 0.3}
    low, high = calibration.interval([34.5, 10.0], distributions(flat, sharp))
    assert (low[0], high[0]) == (30, 39)  # middles of 30 and 39 are at 0.05 and 0.95: |2 F - 1| = 0.9
    assert (low[1], high[1]) == (10, 10)  # a band of 0.5: the neighbours would need 0.7


def test_an_interval_of_shares_holds_its_age_and_is_never_empty() -> None:
    calibration = Calibration(coverage=0.9, edges=(), shares=(0.0,))
    low, high = calibration.interval([28.5, 41.0], distributions({30: 1.0}, {40: 0.5, 41: 0.5}))
    assert (low[0], high[0]) == (28.5, 30)
    assert low[1] <= 41 <= high[1]
    assert high[1] - low[1] <= 1


def test_shares_without_a_distribution_are_refused() -> None:
    with pytest.raises(DataError, match="age_distribution"):
        Calibration.from_json(SHARES).interval([30.0])


def test_shares_are_learnt_as_half_widths_are() -> None:
    # Of ten equal years, the label k places from the middle needs |2 (k + 0.5) / 10 - 1|: 0.1, 0.3 ... 0.9 both ways.
    age, distribution = np.full(9, 34.5), distributions(*[dict.fromkeys(range(30, 40), 0.1)] * 9)
    true = np.array([34.0, 35, 34, 35, 33, 36, 32, 37, 38])  # needs 0.1 four times, 0.3, 0.3, 0.5, 0.5, 0.7
    fitted = fit_intervals(age, true, true, distribution=distribution)
    assert fitted.shares == pytest.approx((0.7,))
    assert fitted.half_widths == ()
    few = fit_intervals(age[:5], true[:5], true[:5], distribution=distribution[:5])
    assert few.shares == (1.0,)  # five rows can promise nothing less than everything


def test_an_age_between_two_years_needs_both() -> None:
    distribution = distributions(*[dict.fromkeys(range(30, 40), 0.1)] * 9)
    true = np.full(9, 36.5)
    assert fit_intervals(np.full(9, 34.5), true, true, distribution=distribution).shares == pytest.approx((0.5,))


def test_intervals_of_shares_hold_on_new_faces_and_follow_their_doubt() -> None:
    rng, years = np.random.default_rng(11), np.arange(101)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        doubt, age = rng.uniform(2, 12, count), rng.uniform(20, 80, count)
        true = np.clip(np.round(age + rng.normal(0, doubt)), 0, 100)
        said = np.exp(-0.5 * ((years - age[:, None]) / (0.6 * doubt[:, None])) ** 2)  # too sure of itself
        return age, true, said

    age, true, said = draw(5000)
    fitted = fit_intervals(age, true, true, distribution=said)
    plain = fit_intervals(age, true, true)
    age, true, said = draw(20_000)
    low, high = fitted.interval(age, said)
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


@pytest.mark.parametrize("distribution", [None, distributions({10: 0.5, 12: 0.5}).repeat(60, axis=0)])
def test_json_gives_the_same_calibration_back(distribution: np.ndarray | None) -> None:
    ages, correction = [12.0] * 60, BiasCorrection((5.0, 60.0), (-0.5, 2.0))
    fitted = fit_intervals([10.0] * 60, ages, ages, distribution=distribution, correction=correction)
    assert Calibration.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


def test_calibrations_of_before_there_was_a_correction_are_read() -> None:
    assert Calibration.from_json(PLAIN).correction == BiasCorrection()


@pytest.mark.parametrize(
    "change",
    [
        {"method": "guess"},
        {"coverage": 1.0},
        {"coverage": None},
        {"edges": [20.0, 10.0], "half_widths": [1.0, 1.0, 1.0]},
        {"half_widths": [2.0]},
        {"half_widths": [2.0, float("nan")]},
        {"half_widths": [2.0, -1.0]},
        {"half_widths": "wide"},
        {"correction": {"ages": [1.0], "shifts": []}},
        {"correction": {"ages": [1.0]}},
        SHARES | {"shares": [0.5, 1.1]},
        SHARES | {"shares": [0.5]},
        {"edges": None},
    ],
)
def test_broken_json_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(DataError, match="calibrate"):
        Calibration.from_json(PLAIN | change)


def test_two_kinds_of_widths_are_refused() -> None:
    with pytest.raises(DataError, match="one of half_widths"):
        Calibration(coverage=0.9, edges=(), half_widths=(3.0,), shares=(0.5,))


def test_missing_key_is_refused() -> None:
    with pytest.raises(DataError, match="half_widths"):
        Calibration.from_json({"method": METHODS["half_widths"], "coverage": 0.9, "edges": []})


@pytest.mark.parametrize(("age", "true"), [([], []), ([1.0, 2.0], [1.0]), ([float("nan")], [1.0]), ([[1.0]], [[1.0]])])
def test_unusable_rows_are_refused(age: list[float], true: list[float]) -> None:
    with pytest.raises(DataError, match="Intervals are learnt"):
        fit_intervals(age, true, true)


def test_what_the_predictor_imports_needs_numpy_alone() -> None:
    code = "import sys, agelens.models.serving.predictions; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "agelens.models.calibration.intervals" in loaded
    assert not {"scipy", "sklearn", "tensorflow", "keras", "pandas", "matplotlib", "torch"} & set(loaded)


def test_with_a_power_ages_are_read_out_of_the_sharpened_distribution_and_corrected() -> None:
    distribution = np.zeros((1, 101))
    distribution[0, [20, 60]] = 0.75, 0.25
    calibration = Calibration(
        coverage=0.9, edges=(), shares=(0.9,), power=2.0, correction=BiasCorrection((24.0, 40.0), (-2.0, 0.0))
    )
    np.testing.assert_allclose(calibration.age([30.0], distribution), [22.0])
    with pytest.raises(DataError, match="age_distribution"):
        calibration.age([30.0])
    plain = replace(calibration, power=1.0)
    np.testing.assert_allclose(plain.age([24.0]), [22.0])
    assert Calibration.from_json(calibration.to_json()) == calibration


def test_a_calibration_of_before_there_was_a_power_has_none() -> None:
    content = {**Calibration(coverage=0.9, edges=(), half_widths=(3.0,)).to_json()}
    del content["power"]
    assert Calibration.from_json(content).power == 1.0


@pytest.mark.parametrize("power", [0.5, float("nan"), float("inf")])
def test_a_power_below_one_or_no_number_is_refused(power: float) -> None:
    with pytest.raises(DataError, match="power of at least 1"):
        Calibration(coverage=0.9, edges=(), shares=(0.9,), power=power)


def test_intervals_learnt_with_a_power_are_banded_by_the_ages_that_are_said() -> None:
    distribution = np.zeros((300, 101))
    distribution[:, 20], distribution[:, 60] = 0.75, 0.25
    age, true = np.full(300, 30.0), np.full(300, 20.0)
    plain = fit_intervals(age, true, true, distribution=distribution)
    sharp = fit_intervals(age, true, true, distribution=distribution, power=2.0)
    assert (plain.power, sharp.power) == (1.0, 2.0)
    assert sharp.shares == plain.shares
    np.testing.assert_allclose(sharp.interval(sharp.age(age, distribution), distribution)[0], 20.0)
