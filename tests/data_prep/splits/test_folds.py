"""Folds are balanced, keep groups together and are each tested once."""

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.tables import SPLIT, check_table
from agelens.data_prep.splits.folds import hold_out_each, make_folds, rotate_folds
from tests.factories import FIVE_GROUPS, grouped_table, shuffled

AGES = [5, 20, 35, 50, 70]


def people(n: int = 200, *, files: int = 2) -> pd.DataFrame:
    """Return `n` rows, in groups of a few files each."""
    return grouped_table(n, ages=np.repeat(AGES, files).tolist(), groups=[f"person {i // files}" for i in range(n)])


def test_every_row_and_every_group_is_in_one_fold():
    table = people()
    folds = make_folds(table, count=5, groups=FIVE_GROUPS, seed=3)
    assert sorted(pd.concat(folds)["image_id"]) == sorted(table["image_id"])
    groups = [set(fold["group"]) for fold in folds]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 100
    for fold in folds:
        check_table(fold, SPLIT)


def test_folds_have_equal_sizes_and_ages():
    folds = make_folds(people(), count=5, groups=FIVE_GROUPS, seed=3)
    for fold in folds:
        assert len(fold) == 40
        assert fold["age_group"].value_counts().to_dict() == dict.fromkeys(range(5), 8)


def test_folds_depend_on_the_seed_and_not_on_the_order_of_rows():
    table = people()
    first, again, other = (
        [set(fold["image_id"]) for fold in make_folds(rows, count=5, groups=FIVE_GROUPS, seed=seed)]
        for rows, seed in ((table, 3), (shuffled(table), 3), (table, 4))
    )
    assert first == again
    assert first != other


def test_every_fold_is_used_once_for_test_and_once_for_validation():
    folds = make_folds(people(), count=5, groups=FIVE_GROUPS, seed=3)
    turns = list(rotate_folds(folds))
    assert [turn["test"]["image_id"].tolist() for turn in turns] == [fold["image_id"].tolist() for fold in folds]
    assert [turn["val"] is folds[(i + 1) % 5] for i, turn in enumerate(turns)] == [True] * 5


def test_no_group_is_in_two_splits_of_a_turn():
    for turn in rotate_folds(make_folds(people(files=4), count=5, groups=FIVE_GROUPS, seed=3)):
        train, val, test = (set(turn[name]["group"]) for name in ("train", "val", "test"))
        assert [len(first & second) for first, second in ((train, val), (train, test), (val, test))] == [0, 0, 0]
        assert len(turn["train"]) + len(turn["val"]) + len(turn["test"]) == 200


def test_three_folds_train_on_one():
    turns = list(rotate_folds(make_folds(people(60), count=3, groups=FIVE_GROUPS, seed=0)))
    assert [{name: len(rows) for name, rows in turn.items()} for turn in turns] == [
        {"train": 20, "val": 20, "test": 20}
    ] * 3


def test_rows_to_train_on_are_numbered_through():
    turn = next(rotate_folds(make_folds(people(100), count=5, groups=FIVE_GROUPS, seed=0)))
    assert turn["train"].index.tolist() == list(range(60))


def test_fewer_than_three_folds_are_rejected():
    with pytest.raises(ParamsError, match="at least 3 folds"):
        make_folds(people(), count=2, groups=FIVE_GROUPS, seed=3)


def held_out(table: pd.DataFrame, part: "pd.Series[str]") -> dict[str, dict[str, pd.DataFrame]]:
    return dict(hold_out_each(table, part, groups=FIVE_GROUPS, seed=3))


def test_each_part_is_tested_once_and_a_tenth_of_the_others_validates():
    table = people(300)
    part = pd.Series(["b", "a", "c"] * 100).sort_values(ignore_index=True)
    turns = held_out(table, part)
    assert list(turns) == ["a", "b", "c"]
    for name, splits in turns.items():
        assert splits["test"]["image_id"].tolist() == table.loc[part == name, "image_id"].tolist()
        assert (len(splits["train"]), len(splits["val"])) == (180, 20)
        groups = [set(rows["group"]) for rows in splits.values()]
        assert len(set.union(*groups)) == sum(map(len, groups))
        for rows in splits.values():
            check_table(rows, SPLIT)


def test_copies_of_a_tested_photo_in_other_parts_are_left_out():
    table = people(300)
    part = pd.Series(["a"] * 101 + ["b"] * 199)  # the group of rows 100 and 101 is in both
    splits = held_out(table, part)["a"]
    assert len(splits["test"]) == 101
    assert len(splits["train"]) + len(splits["val"]) == 198


def test_one_part_leaves_nothing_to_train_on():
    with pytest.raises(ParamsError, match=r"at least 2 parts are needed\. Received: a"):
        held_out(people(20), pd.Series(["a"] * 20))
