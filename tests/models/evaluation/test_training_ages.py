"""Ages of the training data by source and attribute."""

import pandas as pd
import pytest

from agelens.models.evaluation.training_ages import training_ages, variance_explained
from tests.factories import split_rows


def test_ages_are_counted_by_class() -> None:
    rows = split_rows(6, ages=[10, 20, 30, 50, 60, (60, 80)]).assign(
        gender=["female", "female", "male", "male", "male", None], ethnicity=None
    )
    table = training_ages(rows).set_index(["attribute", "value"])
    assert table.index.tolist() == [
        ("source", "made"),
        ("gender", "female"),
        ("gender", "male"),
        ("gender", "unknown"),
        ("ethnicity", "unknown"),
    ]
    men = table.loc[("gender", "male")]
    assert (men["faces"], men["mean_age"], men["median_age"]) == (3, 140 / 3, 50)
    assert men[["30-39", "50-59", "60-69", "0-9"]].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    assert table.loc[("gender", "unknown"), "mean_age"] == 70
    assert table.loc[("gender", "female"), "age_sd"] == 5


def test_the_explained_variance_is_that_between_classes() -> None:
    ages = pd.Series([10.0, 20.0, 40.0, 50.0])
    # Means 15 and 45, overall 30: 225 between the classes, and 25 within each.
    assert variance_explained(ages, pd.Series(["a", "a", "b", "b"])) == pytest.approx(225 / 250)
    assert variance_explained(ages, pd.Series(["a", "b", "b", "a"])) == pytest.approx(0)
    assert variance_explained(ages, pd.Series(list("abcd"))) == pytest.approx(1)


def test_one_age_has_no_variance_to_explain() -> None:
    table = training_ages(split_rows(4, ages=[30]))
    assert table["age_variance_explained"].isna().all()
    assert training_ages(split_rows(0)).empty
