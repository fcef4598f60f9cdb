"""Age groups and attributes, by hand-made labels."""

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.labels import (
    ATTRIBUTES,
    MAX_AGE,
    NO_AGE_GROUP,
    AgeGroups,
    attribute_indices,
    check_has_exact_ages,
    describe_few_exact_ages,
)
from agelens.data_prep.core.records import Record

FIVE = AgeGroups((0, 13, 26, 43, 61))
ADIENCE = AgeGroups((0, 4, 8, 15, 25, 38, 48, 60))


def test_groups_are_named_by_their_first_and_last_years():
    assert FIVE.names == ("0-12", "13-25", "26-42", "43-60", "61+")
    assert AgeGroups((0, 18)).names == ("0-17", "18+")


@pytest.mark.parametrize("groups", [FIVE, ADIENCE])
def test_every_group_has_a_name(groups):
    assert len(groups) == len(groups.names) == len(groups.first_ages)


@pytest.mark.parametrize("first_ages", [(), (0,), (1, 13), (0, 13, 13), (0, 26, 13), (13, 0), (0, 101)])
def test_first_ages_must_ascend_from_0(first_ages):
    with pytest.raises(ParamsError, match="at least two ascending ages from 0 to 100"):
        AgeGroups(first_ages)


@pytest.mark.parametrize(
    ("age", "group"),
    [(0, 0), (12, 0), (12.99, 0), (13, 1), (25, 1), (25.5, 1), (26, 2), (42, 2), (43, 3), (60, 3), (61, 4), (100, 4)],
)
def test_an_age_belongs_to_the_group_of_its_whole_years(age, group):
    assert FIVE.of_ages([age]).tolist() == [group]
    assert FIVE.of_intervals([age], [age]).tolist() == [group]


@pytest.mark.parametrize(
    ("low", "high", "group"),
    [
        (0, 2, 0),
        (10, 13, 0),  # 3 of 4 years: exactly 75 %
        (11, 14, NO_AGE_GROUP),  # 2 and 2
        (9, 13, 0),  # 4 of 5
        (25, 32, 2),  # 7 of 8
        (8, 20, NO_AGE_GROUP),  # 5 and 8 of 13
        (60, 100, 4),  # 40 of 41
        (0, 100, NO_AGE_GROUP),
        (10.5, 13.9, 0),  # counts as the whole years 10..13
    ],
)
def test_an_interval_belongs_to_the_group_with_three_quarters_of_its_years(low, high, group):
    assert FIVE.of_intervals([low], [high]).tolist() == [group]


def test_arrays_of_any_shape_are_accepted():
    low, high = np.array([[5, 8], [25, 70]]), np.array([[5, 20], [32, 70]])
    assert FIVE.of_intervals(low, high).tolist() == [[0, NO_AGE_GROUP], [2, 4]]
    assert FIVE.of_ages(low).tolist() == [[0, 0], [1, 4]]


def test_empty_arrays_give_empty_arrays():
    assert FIVE.of_ages([]).tolist() == []
    assert FIVE.of_intervals([], []).tolist() == []


@pytest.mark.parametrize(
    ("low", "high", "group"),
    [(0, 2, 0), (4, 6, 1), (8, 12, 2), (15, 20, 3), (25, 32, 4), (38, 43, 5), (48, 53, 6), (60, 100, 7)],
)
def test_the_intervals_of_adience_are_its_eight_groups(low, high, group):
    assert ADIENCE.of_intervals([low], [high]).tolist() == [group]


def test_numbers_that_tables_and_models_hold() -> None:
    # Trained networks have 101 outputs for the years 0..100, and stored tables hold -1 where there is no age group.
    assert (MAX_AGE, NO_AGE_GROUP) == (100, -1)


def test_one_exact_age_is_enough():
    check_has_exact_ages([20, 25, 38], [30, 25, 43])


@pytest.mark.parametrize(("low", "high", "count"), [([20, 25], [30, 32], 2), ([], [], 0)])
def test_labels_without_an_exact_age_are_rejected(low, high, count):
    with pytest.raises(DataError, match=f"exact.*Received: {count} rows without an exact age"):
        check_has_exact_ages(low, high)


def test_few_exact_ages_are_described_below_thirty():
    ages = np.arange(30.0)
    assert describe_few_exact_ages(ages, ages) is None
    assert describe_few_exact_ages(np.arange(31.0), np.arange(31.0)) is None
    few = describe_few_exact_ages(ages, ages + (ages == 0))
    assert few is not None
    assert few.startswith("the validation split has 29 rows with an exact age")


def test_labels_of_attributes_become_class_indices():
    genders = pd.Series(["male", None, "female", "male", "robot"], dtype="str")
    np.testing.assert_array_equal(attribute_indices(genders, "gender"), [1, -1, 0, 1, -1])
    ethnicities = pd.Series([*ATTRIBUTES["ethnicity"].classes, None], dtype="str")
    np.testing.assert_array_equal(attribute_indices(ethnicities, "ethnicity"), [0, 1, 2, 3, 4, -1])
    assert attribute_indices(pd.Series([], dtype="str"), "gender").shape == (0,)


def test_exported_models_predict_gender_and_not_ethnicity() -> None:
    assert [name for name, attribute in ATTRIBUTES.items() if attribute.exported] == ["gender"]


def test_spellings_are_in_lower_case_and_mean_classes() -> None:
    for attribute in ATTRIBUTES.values():
        assert set(attribute.spellings.values()) <= {*attribute.classes, None}
        assert all(spelling == spelling.lower() for spelling in attribute.spellings)


def test_a_record_with_an_unknown_attribute_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"attributes must be among gender, ethnicity. Received: height"):
        Record("a.jpg", "a.jpg", 30, 30, attributes={"height": "tall"})
