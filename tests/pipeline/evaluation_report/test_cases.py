"""Best, typical and worst cases are chosen by their errors."""

import numpy as np

from agelens.pipeline.evaluation_report.cases import choose_cases, describe_cases
from tests.models.prediction_tables import predictions_of

PREDICTIONS = predictions_of([(50, 50, 50 + error) for error in (3, 1, 9, 0, 5, 20, 4)])


def errors(count):
    return {kind: rows["error"].tolist() for kind, rows in choose_cases(PREDICTIONS, count).items()}


def test_cases_are_chosen_by_their_errors():
    assert errors(3) == {"worst": [20, 9, 5], "typical": [3, 4, 5], "best": [0, 1, 3]}


def test_fewer_rows_than_cases_are_all_shown():
    assert len(errors(20)["typical"]) == 7


def test_a_case_shows_its_row_number_and_its_crop():
    crops = {"set/5.jpg": np.full((8, 8, 3), 200, np.uint8)}
    worst = describe_cases(choose_cases(PREDICTIONS, 2), crops)[0]
    first, second = worst["rows"]
    assert first["label"] == "50"
    assert first["record"].show("age", "years1") == '<data value="70.0" data-from="predictions.csv:5:age">70.0</data>'
    assert first["image"]
    assert second["image"] is None
