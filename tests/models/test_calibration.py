import json
import subprocess
import sys

import numpy as np
import pytest

from data_prep.errors import DataError
from models.calibration import METHOD, Calibration, conformal_quantile, fit_intervals, label_errors

PLAIN = {"method": METHOD, "coverage": 0.9, "edges": [20.0], "half_widths": [2.0, 8.0]}


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


def test_json_gives_the_same_calibration_back() -> None:
    fitted = fit_intervals([10.0] * 60, [12.0] * 60, [12.0] * 60)
    assert Calibration.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


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
        {"edges": None},
    ],
)
def test_broken_json_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(DataError, match="calibrate"):
        Calibration.from_json(PLAIN | change)


def test_missing_key_is_refused() -> None:
    with pytest.raises(DataError, match="half_widths"):
        Calibration.from_json({"method": METHOD, "coverage": 0.9, "edges": []})


@pytest.mark.parametrize(("age", "true"), [([], []), ([1.0, 2.0], [1.0]), ([float("nan")], [1.0]), ([[1.0]], [[1.0]])])
def test_unusable_rows_are_refused(age: list[float], true: list[float]) -> None:
    with pytest.raises(DataError, match="Intervals are learnt"):
        fit_intervals(age, true, true)


def test_what_the_predictor_imports_needs_numpy_alone() -> None:
    code = "import sys, models.predictions; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "models.calibration" in loaded
    assert not {"scipy", "sklearn", "tensorflow", "keras", "pandas", "matplotlib", "torch"} & set(loaded)
