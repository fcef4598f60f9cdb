"""A calibration applied to hand-made outputs, and its JSON form."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.calibration import METHODS, Calibration
from tests.models.calibration.distributions import distributions

HALF_WIDTHS = {"method": METHODS["half_widths"], "coverage": 0.9, "edges": [20.0], "half_widths": [2.0, 8.0]}
SHARES = {"method": METHODS["shares"], "coverage": 0.9, "edges": [20.0], "shares": [0.5, 0.9]}


def test_intervals_are_clipped_and_an_edge_belongs_to_the_upper_band() -> None:
    low, high = Calibration.from_json(HALF_WIDTHS).interval([1.0, 19.9, 20.0, 97.0])
    assert low == pytest.approx([0.0, 17.9, 12.0, 89.0])
    assert high == pytest.approx([3.0, 21.9, 28.0, 100.0])


def test_an_interval_of_shares_is_the_central_part_of_the_distribution() -> None:
    calibration = Calibration.from_json(SHARES)
    flat, young = dict.fromkeys(range(30, 40), 0.1), dict.fromkeys(range(5, 16), 1 / 11)
    low, high = calibration.interval([34.5, 10.0], distributions(flat, young))
    assert (low[0], high[0]) == (30, 39)  # middles of 30 and 39 are at 0.05 and 0.95: |2 F - 1| = 0.9
    assert (low[1], high[1]) == (8, 12)  # a band of 0.5: the middles of 8 and 12 are at 3.5 and 7.5 of 11


def test_an_interval_of_shares_contains_its_age() -> None:
    calibration = Calibration(coverage=0.9, edges=(), shares=(0.0,))
    low, high = calibration.interval([28.5, 41.0], distributions({30: 1.0}, {40: 0.5, 41: 0.5}))
    assert (low[0], high[0]) == (27.5, 30)
    assert (low[1], high[1]) == (40, 42)


@pytest.mark.parametrize("widths", [{"shares": (0.0, 0.0)}, {"half_widths": (0.0, 0.0)}])
def test_no_interval_is_without_a_width(widths: dict[str, tuple[float, float]]) -> None:
    """A network that puts all its probability into one year, or a perfect validation split, is not believed."""
    ages = np.array([0.0, 0.4, 25.0, 99.9, 100.0])
    peaks = distributions(*({round(age): 1.0} for age in ages))
    calibration = Calibration(coverage=0.9, edges=(20.0,), **widths)
    low, high = Calibration.from_json(calibration.to_json()).interval(ages, peaks)
    assert (high - low).min() >= 1
    assert (high - low)[2] == 2
    old = {key: value for key, value in calibration.to_json().items() if key != "min_half_width"}
    assert Calibration.from_json(old) == calibration
    assert Calibration.from_json(old | {"min_half_width": 0.0}) == calibration
    with pytest.raises(DataError, match="min_half_width above 0"):
        replace(calibration, min_half_width=0.0)


def test_shares_without_a_distribution_are_rejected() -> None:
    with pytest.raises(DataError, match="age_distribution"):
        Calibration.from_json(SHARES).interval([30.0])


def test_ages_are_means_at_the_temperature_with_the_correction_applied() -> None:
    distribution = distributions({20: 0.75, 60: 0.25})
    calibration = Calibration(
        coverage=0.9, edges=(), shares=(0.9,), temperature=0.5, correction=BiasCorrection((24.0, 40.0), (-2.0, 0.0))
    )
    # Squared shares are 9 to 1: (9 * 20 + 60) / 10 = 24.
    np.testing.assert_allclose(calibration.age([30.0], distribution), [22.0])
    with pytest.raises(DataError, match="age_distribution"):
        calibration.age([30.0])
    plain = replace(calibration, temperature=1.0)
    np.testing.assert_allclose(plain.age([24.0]), [22.0])


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration(coverage=0.9, edges=(20.0,), half_widths=(2.0, 8.5)),
        Calibration(coverage=0.9, edges=(20.0,), half_widths=(0.0, 100.0)),
        Calibration(coverage=0.9, edges=(20.0,), shares=(0.0, 1.0)),
        Calibration(coverage=0.8, edges=(), shares=(0.7,), temperature=1 / 1.75),
        Calibration(coverage=0.8, edges=(), shares=(0.7,), correction=BiasCorrection((5.0, 60.0), (-0.5, 2.0))),
    ],
)
def test_json_round_trip(calibration: Calibration) -> None:
    assert Calibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration


@pytest.mark.parametrize(
    ("content", "temperature"), [({}, 1.0), ({"power": 1.75}, 1 / 1.75), ({"temperature": 0.8}, 0.8)]
)
def test_files_of_older_versions_are_read(content: dict[str, float], temperature: float) -> None:
    calibration = Calibration.from_json(SHARES | content)
    assert (calibration.temperature, calibration.correction) == (temperature, BiasCorrection())


@pytest.mark.parametrize(
    "change",
    [
        {"method": "guess"},
        {"coverage": 1.0},
        {"coverage": 0.0},
        {"coverage": None},
        {"edges": [20.0, 10.0], "half_widths": [1.0, 1.0, 1.0]},
        {"edges": [20.0, 20.0], "half_widths": [1.0, 1.0, 1.0]},
        {"half_widths": [2.0]},
        {"half_widths": [2.0, float("nan")]},
        {"half_widths": [2.0, -1.0]},
        {"half_widths": "wide"},
        {"correction": {"ages": [1.0], "shifts": []}},
        {"correction": {"ages": [1.0]}},
        {"power": 0},
        {"power": 0.5},
        {"power": None},
        {"temperature": 0.0},
        {"temperature": 1.1},
        {"temperature": float("nan")},
        SHARES | {"shares": [0.5, 1.1]},
        SHARES | {"shares": [0.5]},
        {"edges": None},
    ],
)
def test_invalid_json_is_rejected(change: dict[str, object]) -> None:
    with pytest.raises(DataError, match="calibrate"):
        Calibration.from_json(HALF_WIDTHS | change)


def test_two_forms_of_intervals_at_once_are_rejected() -> None:
    with pytest.raises(DataError, match="either half_widths"):
        Calibration(coverage=0.9, edges=(), half_widths=(3.0,), shares=(0.5,))


def test_a_missing_key_is_rejected_by_name() -> None:
    with pytest.raises(DataError, match="half_widths"):
        Calibration.from_json({"method": METHODS["half_widths"], "coverage": 0.9, "edges": []})


def test_predictions_import_no_heavy_library() -> None:
    code = "import sys, agelens.models.serving.predictions; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "agelens.models.calibration.calibration" in loaded
    assert not {"scipy", "sklearn", "tensorflow", "keras", "pandas", "matplotlib", "torch"} & set(loaded)
