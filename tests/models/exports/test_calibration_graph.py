"""The calibration in a graph computes what the calibration in Python computes."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import AgeGroups
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.calibration import Calibration
from agelens.models.exports.calibrated_network import build_calibrated_network
from agelens.models.exports.calibration_graph import calibrated_age, group_of_age, interval_ends
from tests.factories import FIVE_GROUPS
from tests.models.small_networks import build_tiny_age_net

CORRECTION = BiasCorrection(ages=(5.0, 15.0, 40.0, 70.0), shifts=(-2.0, 0.0, 0.0, 6.0))

Floats = npt.NDArray[np.float32]


def shares(*parts: tuple[int, float]) -> Floats:
    row = np.zeros(101, dtype=np.float32)
    for year, share in parts:
        row[year] = share
    return row


def bell(middle: float, width: float) -> Floats:
    row = np.exp(-0.5 * ((np.arange(101) - middle) / width) ** 2)
    return np.asarray(row / row.sum(), dtype=np.float32)


HAND_MADE = np.stack(
    [
        shares((30, 1.0)),
        shares((0, 1.0)),
        shares((100, 1.0)),
        shares((20, 0.25), (30, 0.25), (40, 0.5)),
        shares((10, 0.5), (90, 0.5)),
        shares((62, 0.7), (61, 0.2), (80, 0.1)),
        bell(3.3, 2.0),
        bell(47.6, 6.0),
        bell(69.4, 12.0),
        np.full(101, 1 / 101, dtype=np.float32),
    ]
)

CALIBRATIONS = {
    "mean": Calibration(coverage=0.9, edges=(), shares=(0.8,)),
    "temperature": Calibration(coverage=0.9, edges=(), shares=(0.8,), temperature=0.5),
    "median": Calibration(coverage=0.9, edges=(), shares=(0.8,), statistic="median"),
    "bands": Calibration(coverage=0.9, edges=(30.0, 60.0), shares=(0.5, 0.8, 0.95), statistic="median"),
    "correction": Calibration(coverage=0.9, edges=(), shares=(0.9,), correction=CORRECTION),
    "one knot": Calibration(coverage=0.9, edges=(), shares=(0.9,), correction=BiasCorrection((40.0,), (1.5,))),
    "wide": Calibration(coverage=0.9, edges=(), shares=(0.1,), min_half_width=4.0),
    "half widths": Calibration(coverage=0.8, edges=(20.0, 50.0), half_widths=(2.0, 6.5, 0.25)),
}


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_ages_and_intervals_equal_those_of_python(name: str) -> None:
    calibration = CALIBRATIONS[name]
    mean = HAND_MADE @ np.arange(101, dtype=np.float32)
    age = calibration.age(mean, HAND_MADE)
    low, high = calibration.interval(age, HAND_MADE)
    found = calibrated_age(mean[:, None], HAND_MADE, calibration)
    found_low, found_high = interval_ends(found, HAND_MADE, calibration)
    np.testing.assert_allclose(as_column(found), age, atol=2e-4)
    np.testing.assert_allclose(as_column(found_low), low, atol=2e-4)
    np.testing.assert_allclose(as_column(found_high), high, atol=2e-4)


def as_column(tensor: Any) -> Floats:
    array = keras.ops.convert_to_numpy(tensor)
    assert array.shape[1] == 1
    return np.asarray(array[:, 0])


def test_a_hand_made_median_is_corrected() -> None:
    calibration = Calibration(coverage=0.9, edges=(), shares=(0.4,), statistic="median", correction=CORRECTION)
    distribution = shares((50, 0.25), (60, 0.5), (70, 0.25))[None]
    age = calibrated_age(np.zeros((1, 1), np.float32), distribution, calibration)
    low, high = interval_ends(age, distribution, calibration)
    # The median is the middle of year 60; the shift there is 6 * (60 - 40) / (70 - 40) = 4.
    assert as_column(age) == pytest.approx([64.0])
    # |2 F - 1| is 0 at year 60, 0.5 beside it and 0.75 at 50 and 70; the interval contains the age and a year more.
    assert as_column(low) == pytest.approx([60.0])
    assert as_column(high) == pytest.approx([65.0])


def test_a_linear_head_needs_no_distribution() -> None:
    calibration = CALIBRATIONS["half widths"]
    age = calibrated_age(np.array([[-3.0], [20.0], [49.9], [120.0]], np.float32), None, calibration)
    low, high = interval_ends(age, None, calibration)
    assert as_column(age) == pytest.approx([0.0, 20.0, 49.9, 100.0])
    assert as_column(low) == pytest.approx([0.0, 13.5, 43.4, 99.0])
    assert as_column(high) == pytest.approx([2.0, 26.5, 56.4, 100.0])


def test_a_calibration_that_needs_a_distribution_is_refused_without_one() -> None:
    with pytest.raises(DataError, match="needs the output age_distribution"):
        calibrated_age(np.ones((1, 1), np.float32), None, CALIBRATIONS["median"])
    with pytest.raises(DataError, match="needs the output age_distribution"):
        interval_ends(np.ones((1, 1), np.float32), None, CALIBRATIONS["mean"])


def test_groups_are_those_of_whole_years() -> None:
    ages = np.array([[0.0], [12.99], [13.0], [60.9], [61.0], [100.0]], np.float32)
    assert as_column(group_of_age(ages, FIVE_GROUPS.first_ages)).tolist() == [0, 0, 1, 3, 4, 4]
    assert as_column(group_of_age(ages, AgeGroups((0, 50)).first_ages)).tolist() == [0, 0, 0, 1, 1, 1]


def test_a_network_of_a_linear_head_has_no_distribution() -> None:
    network = build_calibrated_network(
        build_tiny_age_net(age_head="linear", attributes=("gender", "ethnicity")),
        calibration=CALIBRATIONS["half widths"],
        groups=FIVE_GROUPS,
        attributes=["gender"],
    )
    assert [*network.output] == ["age", "age_low", "age_high", "age_group", "age_group_probabilities", "gender"]
