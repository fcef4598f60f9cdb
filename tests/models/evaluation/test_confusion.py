"""The confusion of age groups has a row for each pair of groups."""

import pandas as pd

from agelens.data_prep.core.labels import AgeGroups
from agelens.models.evaluation.confusion import group_confusion

GROUPS = AgeGroups((0, 13, 26))


def test_every_pair_is_counted_and_shares_are_of_the_true_group() -> None:
    predictions = pd.DataFrame({"true_age_group": [0, 0, 0, 0, 1, -1], "age_group": [0, 0, 0, 1, 1, 1]})
    found = group_confusion(predictions, groups=GROUPS)
    assert found.to_numpy().tolist() == [
        ["0-12", "0-12", 3, 0.75],
        ["0-12", "13-25", 1, 0.25],
        ["0-12", "26+", 0, 0.0],
        ["13-25", "0-12", 0, 0.0],
        ["13-25", "13-25", 1, 1.0],
        ["13-25", "26+", 0, 0.0],
        ["26+", "0-12", 0, 0.0],
        ["26+", "13-25", 0, 0.0],
        ["26+", "26+", 0, 0.0],
    ]


def test_without_faces_all_counts_are_0() -> None:
    nothing = pd.DataFrame({"true_age_group": [-1], "age_group": [2]})
    found = group_confusion(nothing, groups=GROUPS)
    assert len(found) == 9
    assert found["faces"].sum() == 0
