"""Error rates at age thresholds."""

import math

import pytest

from agelens.models.evaluation.thresholds import THRESHOLDS, threshold_errors
from tests.models.prediction_tables import predictions_of

FACES = [
    (17, 17, 18.0),  # under 18, predicted as over
    (17, 17, 17.9),
    (10, 10, 30.0),  # under 18, predicted as over; not near it
    (12, 12, 12.0),  # not near it
    (18, 18, 17.9),  # over 18, predicted as under
    (18, 18, 18.0),
    (22, 22, 40.0),
    (60, 60, 60.0),  # not near it
    (15, 20, 12.0),  # on both sides of 18
    (25, 32, 17.0),  # over 18, predicted as under; not near it
]


def row(threshold: int, *, ages: str = "all") -> dict[str, float]:
    errors = threshold_errors(predictions_of(FACES), resamples=50)
    (found,) = errors[(errors["threshold"] == threshold) & (errors["ages"] == ages)].to_dict("records")
    return found


def test_rates_are_those_counted_by_hand() -> None:
    found = row(18)
    assert (found["under_faces"], found["over_faces"]) == (4, 5)
    assert found["false_positive_rate"] == 2 / 4
    assert found["false_negative_rate"] == 2 / 5
    assert found["false_positive_rate_low"] < 2 / 4 < found["false_positive_rate_high"]


def test_rates_near_the_threshold_leave_easy_faces_out() -> None:
    found = row(18, ages="near")
    assert (found["under_faces"], found["over_faces"]) == (2, 3)
    assert found["false_positive_rate"] == 1 / 2
    assert found["false_negative_rate"] == 1 / 3


def test_no_error_among_few_faces_is_no_certainty() -> None:
    found = row(25)
    assert found["false_positive_rate"] == 2 / 8  # 30 and 40 years predicted for 10 and 22
    near = row(13, ages="near")  # 10, 12 under it; 17, 17 over it
    assert (near["under_faces"], near["over_faces"]) == (2, 2)
    assert (near["false_negative_rate"], near["false_negative_rate_low"]) == (0, 0)
    assert near["false_negative_rate_high"] == pytest.approx(1 - 0.025**0.5)


def test_sources_have_rows_of_their_own_if_there_are_several() -> None:
    errors = threshold_errors(predictions_of(FACES), resamples=5)
    assert len(errors) == 2 * len(THRESHOLDS)
    two = threshold_errors(predictions_of(FACES, source=["a"] * 4 + ["b"] * 6), resamples=5)
    assert two["source"].tolist()[:6] == ["all", "all", "a", "a", "b", "b"]
    a = two[(two["source"] == "a") & (two["threshold"] == 18) & (two["ages"] == "all")].iloc[0]
    assert (a["under_faces"], a["over_faces"], a["false_positive_rate"]) == (4, 0, 0.5)
    assert math.isnan(a["false_negative_rate"])
    assert math.isnan(a["false_negative_rate_high"])


def test_an_empty_table_has_every_threshold_without_rates() -> None:
    errors = threshold_errors(predictions_of([]), resamples=5)
    assert errors["threshold"].unique().tolist() == list(THRESHOLDS)
    assert errors["false_positive_rate"].isna().all()
