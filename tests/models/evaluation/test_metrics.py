"""Metrics by hand-made predictions."""

import json
import math

import pytest

from agelens.models.evaluation.metrics import median_baseline_mae, summarise, worst_cases
from tests.models.prediction_tables import FACES, predictions_of


def test_metrics_equal_those_computed_by_hand() -> None:
    assert summarise(predictions_of(FACES)) == pytest.approx(
        {
            "rows": 6,
            "exact_rows": 4,
            "interval_rows": 2,
            "grouped_rows": 5,
            "zero_widths": 0,
            "mae": (2 + 10 + 5 + 40) / 4,
            "rmse": math.sqrt((4 + 100 + 25 + 1600) / 4),
            "cs5": 2 / 4,
            "bias": (2 - 10 + 5 + 40) / 4,
            "raw_mae": (2 + 10 + 5 + 40) / 4,
            "raw_bias": (2 - 10 + 5 + 40) / 4,
            "p90": 10 + 0.7 * 30,
            "p95": 10 + 0.85 * 30,
            "p99": 10 + 0.97 * 30,
            "macro_mae": (2 + 10 + 40 + 5) / 4,
            "band_macro_mae": (2 + 10 + 40 + 5) / 4,
            "slope": (-22.5 * 12 - 12.5 * 10 - 2.5 * 70 + 37.5 * 75) / (22.5**2 + 12.5**2 + 2.5**2 + 37.5**2),
            "peak_age": 10,
            "peak_share": 1 / 6,
            "peak_label_share": 1 / 4,
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


def test_both_ends_of_a_prediction_interval_are_inside() -> None:
    # Intervals reach 5 years to both sides of the predicted age.
    for predicted, coverage in ((64, 0.0), (65, 1.0), (75, 1.0), (76, 0.0)):
        assert summarise(predictions_of([(70, 70, predicted)]))["coverage"] == coverage


def test_an_error_of_five_years_counts_as_within_five_years() -> None:
    assert summarise(predictions_of([(20, 20, 25), (20, 20, 15), (20, 20, 25.01)]))["cs5"] == pytest.approx(2 / 3)


def test_intervals_without_a_width_are_counted() -> None:
    table = predictions_of([(20, 20, 25), (20, 20, 15), (8, 12, 10)], age_low=[25, 10, 10], age_high=[25, 20, 10])
    assert summarise(table)["zero_widths"] == 2


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


def test_baseline_predicts_the_median() -> None:
    table = predictions_of([(10, 10, 10), (40, 40, 40), (20, 29, 25)])
    assert median_baseline_mae(table, 30) == 15
    assert median_baseline_mae(predictions_of([]), 30) is None


def test_raw_errors_are_those_of_ages_before_calibration() -> None:
    metrics = summarise(predictions_of([(10, 10, 12), (20, 20, 15), (8, 20, 15)], raw_age=[14.0, 18.0, 90.0]))
    assert (metrics["mae"], metrics["bias"]) == (3.5, -1.5)
    assert (metrics["raw_mae"], metrics["raw_bias"]) == (3.0, 1.0)


def test_worst_cases_are_sorted_by_error_then_name() -> None:
    worst = worst_cases(predictions_of([(10, 10, 12), (10, 10, 30), (20, 30, 50)]), 2)
    assert worst["image_id"].tolist() == ["set/1.jpg", "set/2.jpg"]
    assert worst["error"].tolist() == [20, 20]
