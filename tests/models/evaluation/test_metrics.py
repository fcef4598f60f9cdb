import json
import math

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.tables import PREDICTIONS, SPLIT, check_table, make_table
from agelens.models.calibration.calibration import Calibration
from agelens.models.evaluation.metrics import (
    BOOTSTRAPPED,
    bootstrap_interval,
    by_band,
    by_slice,
    median_baseline_mae,
    overall_intervals,
    predictions_table,
    summarise,
    worst_band,
    worst_cases,
)
from agelens.models.serving.predictions import decode
from tests.models.prediction_tables import GROUPS, predictions_of, simulated

FACES = [
    (10, 10, 12),  # +2, group right
    (20, 20, 10),  # -10, one group off, outside its interval
    (70, 70, 75),  # +5, group right, just inside
    (30, 30, 70),  # +40, two groups off
    (25, 32, 35),  # interval missed by 3; in group 26-42
    (8, 20, 15),  # inside its interval; lies across two groups
]


def test_metrics_are_those_computed_by_hand() -> None:
    assert summarise(predictions_of(FACES)) == pytest.approx(
        {
            "rows": 6,
            "exact_rows": 4,
            "interval_rows": 2,
            "grouped_rows": 5,
            "mae": (2 + 10 + 5 + 40) / 4,
            "rmse": math.sqrt((4 + 100 + 25 + 1600) / 4),
            "cs5": 2 / 4,
            "bias": (2 - 10 + 5 + 40) / 4,
            "raw_mae": (2 + 10 + 5 + 40) / 4,
            "raw_bias": (2 - 10 + 5 + 40) / 4,
            "group_accuracy": 3 / 5,
            "group_accuracy_one_off": 4 / 5,
            "coverage": 2 / 4,
            "width_mean": 10.0,
            "width_median": 10.0,
            "interval_mae": 3 / 2,
            "gender_accuracy": None,
            "ethnicity_accuracy": None,
        }
    )


def test_attributes_are_judged_where_source_and_model_tell_them() -> None:
    table = predictions_of(
        FACES,
        gender=["female", "male", "male", None, "male", "female"],
        predicted_gender=["female", "male", "female", "male", "male", None],
        ethnicity=["White", "Latino", "Asian", None, "Other", "Black"],
        predicted_ethnicity=["White", "White", "Black", "Asian", "Black", "Black"],
        source=["a", "a", "a", "a", "b", "b"],
    )
    metrics = summarise(table)
    assert metrics["gender_accuracy"] == 3 / 4
    assert metrics["ethnicity_accuracy"] == 2 / 4
    by_source = by_slice(table, resamples=5).set_index(["slice", "value"])["gender_accuracy"]["source"]
    assert by_source.to_dict() == {"a": 2 / 3, "b": 1.0}


def test_both_ends_of_a_prediction_interval_are_inside() -> None:
    # Intervals reach 5 years to both sides of the predicted age.
    for predicted, coverage in ((64, 0.0), (65, 1.0), (75, 1.0), (76, 0.0)):
        assert summarise(predictions_of([(70, 70, predicted)]))["coverage"] == coverage


def test_widths_are_those_after_clipping() -> None:
    metrics = summarise(predictions_of([(2, 2, 2), (50, 50, 50), (50, 50, 50)]))
    assert metrics["width_mean"] == pytest.approx((7 + 10 + 10) / 3)
    assert metrics["width_median"] == 10


@pytest.mark.parametrize(
    ("faces", "none"),
    [
        ([], {"mae", "rmse", "cs5", "bias", "group_accuracy", "coverage", "width_mean", "interval_mae"}),
        ([(30, 30, 31)], {"interval_mae"}),
        ([(8, 20, 15)], {"mae", "rmse", "cs5", "bias", "group_accuracy", "coverage", "width_mean"}),
    ],
)
def test_metrics_without_rows_are_none(faces: list[tuple[float, float, float]], none: set[str]) -> None:
    metrics = summarise(predictions_of(faces))
    assert {name for name, value in metrics.items() if value is None} >= none
    assert metrics["rows"] == len(faces)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_baseline_says_the_median_to_everyone() -> None:
    table = predictions_of([(10, 10, 10), (40, 40, 40), (20, 29, 25)])
    assert median_baseline_mae(table, 30) == 15
    assert median_baseline_mae(predictions_of([]), 30) is None


def test_bands_hold_what_is_promised_of_each() -> None:
    faces = [(10, 10, 12), (15, 15, 25), (70, 70, 64), (20, 29, 25)]
    slices = by_slice(predictions_of(faces, raw_age=[13.0, 25.0, 60.0, 25.0]), resamples=5)
    bands = by_band(slices)
    assert bands["true_age"] == {
        "10-19": {"exact_rows": 2, "mae": 6.0, "bias": 6.0, "raw_bias": 6.5, "coverage": 0.5},
        "70-79": {"exact_rows": 1, "mae": 6.0, "bias": -6.0, "raw_bias": -10.0, "coverage": 0.0},
    }
    assert {name: band["exact_rows"] for name, band in bands["predicted_age"].items()} == {
        "10-19": 1,
        "20-29": 1,
        "60-69": 1,
    }
    assert json.loads(json.dumps(bands, allow_nan=False)) == bands


def test_the_worst_band_is_among_those_with_enough_rows() -> None:
    faces = [(10, 10, 12)] * 3 + [(35, 35, 40)] * 3 + [(90, 90, 40)]
    slices = by_slice(predictions_of(faces), resamples=5)
    assert worst_band(slices, min_rows=3) == ("30-39", 5.0)
    assert worst_band(slices, min_rows=1) == ("90+", 50.0)
    assert worst_band(slices, min_rows=4) is None


@pytest.mark.parametrize(("rows", "worst"), [(50, ("90+", 50.0)), (49, ("30-39", 5.0))])
def test_a_band_needs_fifty_exact_rows_to_be_the_worst(rows: int, worst: tuple[str, float]) -> None:
    slices = by_slice(predictions_of([(35, 35, 40)] * 50 + [(90, 90, 40)] * rows), resamples=5)
    assert worst_band(slices) == worst


def test_raw_errors_are_those_of_ages_before_calibration() -> None:
    metrics = summarise(predictions_of([(10, 10, 12), (20, 20, 15), (8, 20, 15)], raw_age=[14.0, 18.0, 90.0]))
    assert (metrics["mae"], metrics["bias"]) == (3.5, -1.5)
    assert (metrics["raw_mae"], metrics["raw_bias"]) == (3.0, 1.0)


def test_slices_count_their_own_rows() -> None:
    table = predictions_of(FACES, gender=["female", "male", "male", None, None, "male"])
    slices = by_slice(table, resamples=20).set_index(["slice", "value"])
    assert slices.loc[("all", "all"), "rows"] == 6
    assert slices.loc["true_age", "rows"].to_dict() == {"10-19": 2, "20-29": 2, "30-39": 1, "70-79": 1}
    assert slices.loc["predicted_age", "rows"].to_dict() == {"10-19": 3, "30-39": 1, "70-79": 2}
    assert slices.loc["gender", "rows"].to_dict() == {"female": 1, "male": 3, "unknown": 2}
    assert slices.loc["ethnicity", "rows"].to_dict() == {"unknown": 6}
    assert slices.loc[("gender", "male"), "mae"] == (10 + 5) / 2
    assert math.isnan(slices.loc[("gender", "female"), "interval_mae"])


@pytest.mark.parametrize(("age", "band"), [(0, "0-9"), (9.9, "0-9"), (10, "10-19"), (89.9, "80-89"), (100, "90+")])
def test_bands_are_ten_years_wide(age: float, band: str) -> None:
    slices = by_slice(predictions_of([(50, 50, age)]), resamples=5)
    assert slices.loc[slices["slice"] == "predicted_age", "value"].tolist() == [band]


@pytest.mark.parametrize("faces", [[], [(30, 30, 31)], [(8, 20, 15)]])
def test_slices_of_hardly_any_rows_hold_numbers(faces: list[tuple[float, float, float]]) -> None:
    slices = by_slice(predictions_of(faces))
    assert slices["value"].iloc[0] == "all"
    assert {str(slices[name].dtype) for name in ("mae", "interval_mae", "mae_low", "rmse_low", "coverage_high")} == {
        "float64"
    }


@pytest.mark.parametrize("metric", BOOTSTRAPPED)
def test_every_interval_holds_its_metric(metric: str) -> None:
    table = simulated(200)
    table["age_group"] = np.roll(table["age_group"], 1)  # some are two groups off
    overall = by_slice(table).iloc[0]
    assert overall[f"{metric}_low"] < overall[metric] < overall[f"{metric}_high"]


def test_intervals_of_one_row_are_its_own_scores() -> None:
    overall = by_slice(predictions_of([(30, 30, 27)]), resamples=5).iloc[0]
    ends = {name: (overall[f"{name}_low"], overall[f"{name}_high"]) for name in BOOTSTRAPPED}
    assert ends["rmse"] == ends["mae"] == (3, 3)
    assert ends["bias"] == (-3, -3)
    assert ends["group_accuracy"] == ends["group_accuracy_one_off"] == ends["cs5"] == (1, 1)


def test_the_interval_of_rmse_is_the_root_of_that_of_the_squares() -> None:
    faces = [(30, 30, 30 + error) for error in (1, 2, 4, 8)]
    overall = by_slice(predictions_of(faces), seed=3, resamples=200).iloc[0]
    low, high = bootstrap_interval([1.0, 4.0, 16.0, 64.0], seed=3, resamples=200)
    assert (overall["rmse_low"], overall["rmse_high"]) == pytest.approx((math.sqrt(low), math.sqrt(high)))


def test_overall_intervals_are_those_of_all_rows() -> None:
    slices = by_slice(simulated(100), resamples=20)
    intervals = overall_intervals(slices)
    assert set(intervals) == {f"{metric}_{end}" for metric in BOOTSTRAPPED for end in ("low", "high")}
    assert intervals["mae_low"] == slices.iloc[0]["mae_low"]


def test_overall_intervals_of_nothing_are_none() -> None:
    assert set(overall_intervals(by_slice(predictions_of([]), resamples=5)).values()) == {None}


def test_slices_repeat_with_the_seed() -> None:
    table = simulated(200)
    pd.testing.assert_frame_equal(by_slice(table, seed=1), by_slice(table, seed=1))
    assert not by_slice(table, seed=1).equals(by_slice(table, seed=2))


def test_bootstrap_agrees_with_the_standard_error() -> None:
    values = np.random.default_rng(0).normal(10, 3, 900)
    low, high = bootstrap_interval(values)
    assert low == pytest.approx(values.mean() - 1.96 * 0.1, abs=0.03)
    assert high == pytest.approx(values.mean() + 1.96 * 0.1, abs=0.03)


def test_bootstrap_in_blocks_is_the_bootstrap_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(50.0)
    at_once = bootstrap_interval(values)
    monkeypatch.setattr("agelens.models.evaluation.metrics.BLOCK", 170)
    assert bootstrap_interval(values) == at_once


@pytest.mark.parametrize(("values", "expected"), [([], (math.nan, math.nan)), ([4.0], (4.0, 4.0))])
def test_bootstrap_of_hardly_any_value(values: list[float], expected: tuple[float, float]) -> None:
    assert bootstrap_interval(values) == pytest.approx(expected, nan_ok=True)


def test_worst_cases_come_first_and_ties_by_name() -> None:
    worst = worst_cases(predictions_of([(10, 10, 12), (10, 10, 30), (20, 30, 50)]), 2)
    assert worst["image_id"].tolist() == ["set/1.jpg", "set/2.jpg"]
    assert worst["error"].tolist() == [20, 20]


def test_predictions_table_joins_labels_and_what_was_decoded() -> None:
    row = dict.fromkeys(SPLIT.names, 0) | {
        "image_id": "set/a.jpg", "source": "set", "age": 20, "age_low": 18, "age_high": 22, "age_group": 1,
        "gender": "male", "ethnicity": None,
    }  # fmt: skip
    outputs = {"age_group": np.array([[0.1, 0.2, 0.4, 0.2, 0.1]]), "age": np.array([[30.0]])}
    outputs |= {"ethnicity": np.array([[0.1, 0.2, 0.5, 0.1, 0.1]])}
    decoded = decode(outputs, calibration=Calibration(0.9, (), (6.0,)), groups=GROUPS)
    table = predictions_table(make_table([row], SPLIT), decoded)
    check_table(table, PREDICTIONS)
    expected = {"true_age": 20, "true_age_low": 18, "true_age_high": 22, "true_age_group": 1, "gender": "male"}
    expected |= {"age": 30, "age_low": 24, "age_high": 36, "age_group": 2, "age_group_probability": 0.4}
    expected |= {"predicted_ethnicity": "Asian"}
    assert table.loc[0, list(expected)].to_dict() == expected
    assert table["predicted_gender"].isna().all()
