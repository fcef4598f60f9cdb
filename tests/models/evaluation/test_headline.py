"""The metrics over all faces, and the few by which runs are compared."""

import json

import pytest

from agelens.models.evaluation.headline import (
    HEADLINE,
    describe_no_better_than_median,
    headline_metrics,
    overall_metrics,
    rounded_table,
)
from agelens.models.evaluation.metrics import COUNTS
from agelens.models.evaluation.slices import BOOTSTRAPPED, by_slice
from tests.models.prediction_tables import FACES, predictions_of, simulated

COLUMNS = 120
PATH = "reports/evaluate/metrics.json"
GAP = 4  # between the columns of `dvc metrics show`


def test_overall_metrics_are_those_of_all_rows() -> None:
    slices = by_slice(simulated(600), resamples=20)
    overall = overall_metrics(slices, baseline=15.04321)
    assert {f"{metric}_{end}" for metric in BOOTSTRAPPED for end in ("low", "high")} < overall.keys()
    assert overall["rows"] == overall["exact_rows"] == 600
    assert isinstance(overall["rows"], int)
    for metric in ("mae", "mae_low", "coverage_high", "group_accuracy"):
        assert overall[metric] == pytest.approx(slices.iloc[0][metric], abs=5e-5)
    assert overall["median_baseline_mae"] == 15.0432
    assert overall["worst_band"] in set(slices["value"])
    assert json.loads(json.dumps(overall, allow_nan=False)) == overall


def test_metrics_without_rows_are_none() -> None:
    overall = overall_metrics(by_slice(predictions_of([]), resamples=5), baseline=None)
    assert {value for name, value in overall.items() if name not in COUNTS} == {None}
    assert headline_metrics(overall) == {}


def test_the_headline_has_short_names_for_the_same_numbers() -> None:
    overall = overall_metrics(by_slice(simulated(600), resamples=5), baseline=15.0)
    headline = headline_metrics(overall)
    assert list(headline) == list(HEADLINE.values())
    assert headline["accuracy"] == overall["group_accuracy"]
    assert headline["worst_band"] == overall["worst_band_mae"]


def test_the_headline_leaves_out_what_applies_to_no_row() -> None:
    few = headline_metrics(overall_metrics(by_slice(predictions_of(FACES), resamples=5), baseline=15.0))
    assert few.keys() == set(HEADLINE.values()) - {"worst_band"}
    intervals = overall_metrics(by_slice(predictions_of([(25, 32, 35), (8, 12, 10)]), resamples=5), baseline=None)
    assert headline_metrics(intervals) == {"interval_mae": 1.5, "accuracy": 1.0}


@pytest.mark.parametrize(
    ("mae", "baseline", "warned"), [(9.0, 9.1, False), (9.0, 9.0, True), (9.1, 9.0, True), (None, None, False)]
)
def test_an_error_that_is_not_below_the_median_baseline_is_described(
    mae: float | None, baseline: float | None, warned: bool
) -> None:
    line = describe_no_better_than_median({"mae": mae, "median_baseline_mae": baseline})
    assert (line is not None) is warned


def test_the_headline_fits_a_terminal() -> None:
    values = {"mae": 14.4256, "rmse": 16.4728, "cs5": 0.6725, "bias": -0.1329, "coverage": 0.9255, "width": 19.0}
    widths = [max(len(name), len(str(values.get(name, 10.1234)))) for name in HEADLINE.values()]
    assert len(PATH) + sum(GAP + width for width in widths) <= COLUMNS
    assert len(HEADLINE) <= 12


def test_tables_are_rounded_as_the_metrics_are() -> None:
    slices = by_slice(simulated(100), resamples=5)
    assert rounded_table(slices).iloc[0]["mae"] == overall_metrics(slices, baseline=None)["mae"]
    assert rounded_table(slices)["rows"].tolist() == slices["rows"].tolist()
