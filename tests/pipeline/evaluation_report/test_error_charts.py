"""Charts of errors show the values of hand-made predictions."""

from agelens.pipeline.evaluation_report.error_charts import (
    confusion,
    error_by_age,
    mae_by_group_and_age,
    predicted_against_true,
)
from tests.models.prediction_tables import FACES, GROUPS, predictions_of


def values(chart, key):
    return [row for rows in chart.chart.to_dict()["datasets"].values() for row in rows if key in row]


def test_predicted_against_true_counts_exact_ages_in_cells_of_two_years():
    chart = predicted_against_true(predictions_of([*FACES, (11, 11, 13.5)]))
    assert chart.numbers.to_numpy().tolist()[0] == ["10-19", 2, 10.5, 12.75]
    cells = values(chart, "faces")
    assert {(cell["true_age"], cell["age"]): cell["faces"] for cell in cells} == {
        (10, 12): 2,
        (20, 10): 1,
        (30, 70): 1,
        (70, 74): 1,
    }


def test_error_by_age_has_the_median_of_ages_with_enough_faces():
    chart = error_by_age(predictions_of([(30, 30, 32)] * 9 + [(35, 35, 38)] * 3 + [(80, 80, 81)] * 9))
    assert chart.numbers.to_dict("records") == [
        {"ages": "30-39", "median": 2.0, "low": 2.0, "high": 3.0, "faces": 12},
    ]


def test_confusion_shows_shares_of_true_groups():
    chart = confusion(predictions_of(FACES), GROUPS)
    shares = {(row["true"], row["predicted"]): row["share"] for row in values(chart, "share")}
    assert shares["26-42", "61+"] == 0.5
    assert shares["26-42", "26-42"] == 0.5
    assert shares["61+", "61+"] == 1
    assert chart.numbers.set_index("true, predicted").loc["13-25", "0-12"] == 1


def test_cells_of_few_faces_are_left_out():
    faces = [(30, 30, 34)] * 6 + [(30, 30, 32)] * 5 + [(50, 50, 60)] * 4
    table = predictions_of(faces, gender=["male"] * 6 + ["female"] * 5 + ["male"] * 4)
    cells = {(cell["group"], cell["band"]): cell["mae"] for cell in values(mae_by_group_and_age(table), "mae")}
    assert cells == {
        ("all faces", "30-39"): (6 * 4 + 5 * 2) / 11,
        ("gender male", "30-39"): 4,
        ("gender female", "30-39"): 2,
    }
