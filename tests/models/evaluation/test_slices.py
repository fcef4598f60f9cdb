"""Metrics of slices and their intervals."""

import math

import numpy as np
import pandas as pd
import pytest

from agelens.models.evaluation.bootstrap import bootstrap_interval
from agelens.models.evaluation.metrics import summarise
from agelens.models.evaluation.slices import BOOTSTRAPPED, by_slice, by_source_and_slice, least_covered_band, worst_band
from tests.models.prediction_tables import FACES, predictions_of, simulated


def test_accuracy_of_attributes_needs_a_label_and_a_prediction() -> None:
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


def test_metrics_of_bands() -> None:
    faces = [(10, 10, 12), (15, 15, 25), (70, 70, 64), (20, 29, 25)]
    slices = by_slice(predictions_of(faces, raw_age=[13.0, 25.0, 60.0, 25.0]), resamples=5)
    rows = slices.set_index(["slice", "value"])
    metrics = ["exact_rows", "mae", "bias", "raw_bias", "coverage"]
    assert rows.loc[("true_age", "10-19"), metrics].tolist() == [2, 6.0, 6.0, 6.5, 0.5]
    assert rows.loc[("true_age", "70-79"), metrics].tolist() == [1, 6.0, -6.0, -10.0, 0.0]
    assert rows.loc["predicted_age", "exact_rows"].to_dict() == {"10-19": 1, "20-29": 1, "60-69": 1}


def test_the_worst_band_has_enough_rows() -> None:
    faces = [(10, 10, 12)] * 3 + [(35, 35, 40)] * 3 + [(90, 90, 40)]
    slices = by_slice(predictions_of(faces), resamples=5)
    assert worst_band(slices, min_rows=3) == ("30-39", 5.0)
    assert worst_band(slices, min_rows=1) == ("90+", 50.0)
    assert worst_band(slices, min_rows=4) is None


@pytest.mark.parametrize(("rows", "worst"), [(50, ("90+", 50.0)), (49, ("30-39", 5.0))])
def test_a_band_needs_fifty_exact_rows_to_be_the_worst(rows: int, worst: tuple[str, float]) -> None:
    slices = by_slice(predictions_of([(35, 35, 40)] * 50 + [(90, 90, 40)] * rows), resamples=5)
    assert worst_band(slices) == worst


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
def test_slices_of_few_rows_have_numeric_columns(faces: list[tuple[float, float, float]]) -> None:
    slices = by_slice(predictions_of(faces))
    assert slices["value"].iloc[0] == "all"
    assert {str(slices[name].dtype) for name in ("mae", "interval_mae", "mae_low", "rmse_low", "coverage_high")} == {
        "float64"
    }


@pytest.mark.parametrize("metric", BOOTSTRAPPED)
def test_every_interval_contains_its_metric(metric: str) -> None:
    table = simulated(200)
    table["age_group"] = np.roll(table["age_group"], 1)  # some are two groups off
    table.loc[:49, "true_age_low"] -= 2  # age intervals
    overall = by_slice(table).iloc[0]
    assert overall[f"{metric}_low"] < overall[metric] < overall[f"{metric}_high"]


def test_the_faces_of_a_person_are_drawn_together() -> None:
    table = simulated(300)
    alone = by_slice(table).iloc[0]
    people = by_slice(pd.concat([table] * 4).assign(image_id=range(1200))).iloc[0]
    assert people["mae_high"] - people["mae_low"] == pytest.approx(alone["mae_high"] - alone["mae_low"])


def test_faces_framed_by_points_and_by_box_have_slices() -> None:
    slices = by_slice(predictions_of(FACES, framing=["points"] * 4 + ["box"] * 2), resamples=5)
    assert slices.loc[slices["slice"] == "framing", ["value", "rows"]].to_numpy().tolist() == [
        ["box", 2],
        ["points", 4],
    ]


def test_the_least_covered_band_has_enough_rows() -> None:
    faces = [(35, 35, 35)] * 40 + [(35, 35, 45)] * 10 + [(15, 15, 15)] * 30 + [(15, 15, 25)] * 20 + [(90, 90, 40)]
    slices = by_slice(predictions_of(faces), resamples=5)
    assert least_covered_band(slices) == ("10-19", 0.6)
    assert least_covered_band(slices, min_rows=51) is None


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


def test_slices_depend_on_the_seed_only() -> None:
    table = simulated(200)
    pd.testing.assert_frame_equal(by_slice(table, seed=1), by_slice(table, seed=1))
    assert not by_slice(table, seed=1).equals(by_slice(table, seed=2))


def test_values_of_a_slice_are_sorted() -> None:
    slices = by_slice(predictions_of([(10, 10, 12), (20, 20, 10), (30, 30, 30)], source=["c", "a", "b"]), resamples=5)
    assert slices.loc[slices["slice"] == "source", "value"].tolist() == ["a", "b", "c"]


def test_each_source_has_slices_of_its_own() -> None:
    table = predictions_of([(10, 10, 12), (20, 20, 10), (30, 30, 33)], source=["b", "a", "b"])
    slices = by_source_and_slice(table, resamples=5)
    assert slices[slices["source"] == "b"].set_index(["slice", "value"])["mae"].to_dict() == {
        ("all", "all"): 2.5,
        ("true_age", "10-19"): 2.0,
        ("true_age", "30-39"): 3.0,
        ("predicted_age", "10-19"): 2.0,
        ("predicted_age", "30-39"): 3.0,
        ("framing", "box"): 2.5,
        ("gender", "unknown"): 2.5,
        ("ethnicity", "unknown"): 2.5,
    }
    assert slices.loc[slices["source"] == "a", "rows"].iloc[0] == 1


def test_no_source_is_an_empty_table() -> None:
    table = by_source_and_slice(predictions_of([]), resamples=5)
    assert table.empty
    assert table.columns.tolist()[:3] == ["source", "slice", "value"]
