"""The robustness table, and the faces that it measures."""

import math

import pytest

from agelens.models.evaluation.robustness import compare_conditions, sample_faces
from tests.factories import split_rows
from tests.models.prediction_tables import predictions_of


def test_changes_are_those_of_the_same_faces() -> None:
    clean = predictions_of([(20, 20, 21), (40, 40, 43), (60, 60, 55)])  # errors 1, 3, 5
    noisy = predictions_of([(20, 20, 24), (40, 40, 43), (60, 60, 53)])  # errors 4, 3, 7
    table = compare_conditions({"clean": clean, "noise": noisy}, located={"clean": 1.0, "noise": 0.5}, resamples=200)
    first, second = table.to_dict("records")
    assert (first["condition"], first["faces"], first["mae"]) == ("clean", 3, 3)
    assert (first["change"], first["change_low"], first["change_high"]) == (0, 0, 0)
    assert second["mae"] == pytest.approx(14 / 3)
    assert second["change"] == pytest.approx(5 / 3)
    assert (second["change_low"], second["change_high"]) == (0, 3)  # changes 3, 0, 2 of three faces
    assert second["bias"] == pytest.approx((4 + 3 - 7) / 3)
    assert second["coverage"] == pytest.approx(2 / 3)
    assert second["located"] == 0.5


def test_intervals_have_the_distance_from_their_label() -> None:
    table = compare_conditions({"clean": predictions_of([(20, 29, 35), (20, 29, 25)])}, located={"clean": math.nan})
    assert table.loc[0, "mae"] == 3
    assert math.isnan(table.loc[0, "coverage"])


def test_no_condition_is_an_empty_table() -> None:
    table = compare_conditions({}, located={})
    assert table.empty
    assert "change_low" in table.columns


def test_faces_are_spread_over_the_ages() -> None:
    rows = split_rows(101, ages=list(range(101)))
    assert sample_faces(rows, 5)["age"].tolist() == [0, 25, 50, 75, 100]
    assert sample_faces(rows.sample(frac=1, random_state=1), 5)["age"].tolist() == [0, 25, 50, 75, 100]
    assert len(sample_faces(rows, 1000)) == 101
    assert sample_faces(rows, 0).empty


def test_exact_ages_are_preferred() -> None:
    rows = split_rows(6, ages=[10, (20, 29), (30, 39)])
    assert sample_faces(rows, 10)["age"].tolist() == [10, 10]
    intervals = rows[rows["age_low"] < rows["age_high"]]
    assert len(sample_faces(intervals, 10)) == 4
