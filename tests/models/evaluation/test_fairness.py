"""Errors of groups of people, standardised by age, on tables whose figures are computed by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from agelens.models.evaluation.fairness import age_cells, standardised_errors
from tests.models.prediction_tables import predictions_of


def people(*parts: tuple[str, str, int, float, int]) -> pd.DataFrame:
    """Return predictions from (gender, ethnicity, true age, error in years, faces)."""
    rows = [part for *part, faces in parts for _ in range(faces)]
    return predictions_of(
        [(age, age, age + error) for _, _, age, error in rows],
        gender=[row[0] for row in rows],
        ethnicity=[row[1] for row in rows],
    )


YOUNG_AND_OLD = (
    ("female", "White", 25, 2.0, 60),
    ("female", "White", 65, 8.0, 20),
    ("male", "White", 25, 3.0, 20),
    ("male", "White", 65, -9.0, 100),
)
"""At both ages, errors of male faces are one year larger; but most male faces are old."""


def figures(table: pd.DataFrame, comparison: str, value: str, minus: str = "") -> dict[str, float]:
    errors = standardised_errors(table, resamples=20)
    chosen = errors[(errors["comparison"] == comparison) & (errors["value"] == value) & (errors["minus"] == minus)]
    (row,) = chosen.to_dict("records")
    return row


def test_plain_errors_compare_ages_and_standardised_errors_people() -> None:
    table = people(*YOUNG_AND_OLD)
    women, men = (figures(table, "gender", gender) for gender in ("female", "male"))
    assert (women["faces"], men["faces"]) == (80, 120)
    assert women["mean_age"] == 35
    assert women["plain_mae"] == (60 * 2 + 20 * 8) / 80
    assert men["plain_mae"] == (20 * 3 + 100 * 9) / 120  # 4.5 years more
    # Of all 200 faces, 80 are young and 120 old.
    assert women["mae"] == pytest.approx(0.4 * 2 + 0.6 * 8)
    assert men["mae"] == pytest.approx(0.4 * 3 + 0.6 * 9)
    assert men["bias"] == pytest.approx(0.4 * 3 - 0.6 * 9)
    assert men["cs5"] == pytest.approx(0.4)
    assert men["coverage"] == pytest.approx(0.4)  # intervals reach 5 years to both sides
    assert men["ages"] == "20-29 60-69"


def test_the_largest_gap_names_both_groups() -> None:
    gap = figures(people(*YOUNG_AND_OLD), "gender", "male", minus="female")
    assert gap["mae"] == pytest.approx(1.0)
    assert (gap["mae_low"], gap["mae_high"]) == pytest.approx((1.0, 1.0))  # errors do not vary within a cell


def test_the_interval_of_a_gap_contains_zero_where_groups_do_not_differ() -> None:
    rng = np.random.default_rng(1)
    parts = [("female" if i % 2 else "male", "White", 30, float(rng.normal(0, 5)), 1) for i in range(400)]
    errors = standardised_errors(people(*parts), resamples=200)
    (gap,) = errors[errors["minus"] != ""].to_dict("records")
    assert gap["mae_low"] < 0 < gap["mae"] < gap["mae_high"]


def test_clusters_are_drawn_as_a_whole() -> None:
    rng = np.random.default_rng(1)
    parts = [("female" if i < 200 else "male", "White", 30, float(rng.normal(0, 5)), 1) for i in range(400)]
    table = people(*parts)
    alone = figures(table, "gender", "male")
    person = figures(table.assign(group=[f"person {i // 100}" for i in range(400)]), "gender", "male")
    assert person["mae_high"] - person["mae_low"] != alone["mae_high"] - alone["mae_low"]
    one = table.assign(group="one person")
    assert figures(one, "gender", "male")["mae_low"] == figures(one, "gender", "male")["mae_high"]


def test_ages_that_a_group_lacks_are_left_out() -> None:
    table = people(*YOUNG_AND_OLD, ("male", "White", 45, 30.0, 200), ("female", "White", 45, 30.0, 4))
    men = figures(table, "gender", "male")
    assert men["ages"] == "20-29 60-69"
    assert (men["faces"], men["faces_used"]) == (320, 120)
    assert men["mae"] == pytest.approx(0.4 * 3 + 0.6 * 9)


def test_both_attributes_are_compared_and_small_groups_are_not() -> None:
    table = people(
        *YOUNG_AND_OLD,
        ("female", "Asian", 25, 4.0, 30),
        ("female", "Asian", 65, 4.0, 30),
        ("male", "Asian", 25, 4.0, 29),
        ("male", None, 25, 90.0, 60),
    )
    errors = standardised_errors(table, resamples=5)
    both = errors[errors["comparison"] == "gender x ethnicity"]
    assert both.loc[both["minus"] == "", "value"].tolist() == ["female Asian", "female White", "male White"]
    assert both.iloc[-1][["value", "minus"]].tolist() == ["male White", "female Asian"]
    ethnicity = errors[(errors["comparison"] == "ethnicity") & (errors["minus"] == "")].set_index("value")
    assert ethnicity["faces"].to_dict() == {"Asian": 89, "White": 200}


def test_groups_without_common_ages_have_no_standardised_error() -> None:
    errors = standardised_errors(people(("female", "White", 5, 1.0, 60), ("male", "White", 55, 9.0, 60)), resamples=5)
    assert errors["plain_mae"].tolist() == [1.0, 9.0]
    assert errors["mae"].isna().all()
    assert (errors["minus"] == "").all()


def test_one_group_is_not_compared() -> None:
    errors = standardised_errors(people(("female", "White", 25, 1.0, 60)), resamples=5)
    assert errors.empty
    assert {"comparison", "value", "minus", "mae", "mae_low"} < set(errors.columns)
    assert standardised_errors(predictions_of([]), resamples=5).empty


def test_cells_have_the_shares_of_all_rows() -> None:
    ages = [5] * 3 + [15] * 2 + [95] * 4 + [5, 15, 15, 95]
    cells, used, span = age_cells(ages, ["a"] * 9 + ["b"] * 4, names=("a", "b"), min_faces=1)
    assert span == "0-19 90+"
    assert used.all()
    assert cells.shares.tolist() == pytest.approx([4 / 13, 4 / 13, 5 / 13])
    means = cells.standardised(np.array(ages, dtype=float)[:, None], np.ones(13))
    assert means[:, 0] == pytest.approx([(4 * 5 + 4 * 15 + 5 * 95) / 13] * 2)
    without = cells.standardised(np.array(ages, dtype=float)[:, None], np.array([1.0] * 9 + [1, 1, 1, 0]))
    assert math.isnan(without[1, 0])


@pytest.mark.parametrize(
    ("ages", "span"), [([85, 95], "80+"), ([95], "90+"), ([5], "0-9"), ([5, 15, 35], "0-19 30-39"), ([], "")]
)
def test_adjacent_bands_are_one_range(ages: list[int], span: str) -> None:
    assert age_cells(ages, ["a"] * len(ages), names=("a",), min_faces=1)[2] == span
