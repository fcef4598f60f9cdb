"""Figures of labels."""

from agelens.data_prep.exploration.labels import count_attributes, describe_labels
from tests.factories import faces_table


def test_figures_of_labels() -> None:
    table = faces_table(4, ages=[5.0, (20.0, 30.0), (8.0, 12.0), 7.0], subjects=["a", "b", "a", None])
    table = table.assign(gender=["male", None, "male", "male"], age_clipped=[True, False, False, False])
    assert describe_labels(table) == {
        "rows": 4,
        "exact": 0.5,
        "interval": 0.5,
        "median_interval_years": 7.0,
        "clipped": 1,
        "kinds": {"exact": 2, "interval": 2},
        "missing_gender": 0.25,
        "missing_ethnicity": 1.0,
        "subjects": 2,
        "rows_with_subject": 0.75,
    }


def test_attributes_have_counts_and_ages() -> None:
    table = faces_table(4, ages=[10.0, 20.0, 60.0, 40.0]).assign(gender=["male", "male", "male", None])
    rows = count_attributes(table)
    gender = rows[(rows["source"] == "made") & (rows["attribute"] == "gender")].drop(columns=["source", "attribute"])
    assert gender.to_numpy().tolist() == [["male", 3, 0.75, 30.0, 20.0], ["missing", 1, 0.25, 40.0, 40.0]]
