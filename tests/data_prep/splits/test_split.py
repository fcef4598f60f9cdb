"""Splits keep groups together and hold their shares in every stratum."""

import hashlib

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.tables import SPLIT, check_table
from agelens.data_prep.splits.split import check_disjoint, hash_names, split_table
from tests.factories import FIVE_GROUPS, grouped_table, shuffled

FRACTIONS = {"train": 0.8, "val": 0.1, "test": 0.1}
ONE_OF_EACH_GROUP = [5, 20, 30, 50, 70]


def split(table: pd.DataFrame, *, seed: int = 0, fractions: dict[str, float] = FRACTIONS) -> dict[str, pd.DataFrame]:
    return split_table(table, fractions=fractions, groups=FIVE_GROUPS, seed=seed)


def sizes(splits: dict[str, pd.DataFrame]) -> dict[str, int]:
    return {name: len(rows) for name, rows in splits.items()}


def where(splits: dict[str, pd.DataFrame]) -> "pd.Series[str]":
    """Return the split of each image."""
    return pd.concat([pd.Series(name, index=rows["image_id"]) for name, rows in splits.items()]).sort_index()


def where_group(splits: dict[str, pd.DataFrame], group: str) -> str:
    """The split that holds a group."""
    return next(name for name, rows in splits.items() if group in set(rows["group"]))


def test_single_rows_are_split_exactly():
    splits = split(grouped_table(1000, ages=ONE_OF_EACH_GROUP))
    assert sizes(splits) == {"train": 800, "val": 100, "test": 100}


def test_every_stratum_has_its_share_in_every_split():
    ages = [5] * 6 + [20] * 3 + [70]
    splits = split(grouped_table(3000, ages=ages, sources=["a", "b", "c"]))
    counts = {name: rows.groupby(["source", "age_group"]).size().tolist() for name, rows in splits.items()}
    # 600, 300 and 100 rows of each of the sources a, b and c.
    assert counts == {"train": [480, 240, 80] * 3, "val": [60, 30, 10] * 3, "test": [60, 30, 10] * 3}


@pytest.mark.parametrize(
    ("fractions", "expected"),
    [
        ({"train": 0.7, "val": 0.15, "test": 0.15}, [700, 150, 150]),
        ({"train": 0.8, "test": 0.2}, [800, 200]),
    ],
)
def test_fractions_are_parameters(fractions, expected):
    splits = split(grouped_table(1000), fractions=fractions)
    assert sizes(splits) == dict(zip(fractions, expected, strict=True))


def test_splits_follow_the_schema_and_contain_all_rows():
    table = grouped_table(200, ages=[5, (25, 32), (8, 20)])
    splits = split(table)
    for rows in splits.values():
        check_table(rows, SPLIT)
    together = pd.concat(splits.values()).sort_values("image_id", ignore_index=True)
    pd.testing.assert_frame_equal(together.drop(columns="age_group"), table)


def test_labels_without_an_age_group_are_a_separate_stratum():
    splits = split(grouped_table(200, ages=[5, (8, 20)]))
    assert {name: (rows["age_group"] == -1).sum() for name, rows in splits.items()} == {
        "train": 80,
        "val": 10,
        "test": 10,
    }


def test_groups_are_not_split():
    people = [f"person {index % 300}" for index in range(1500)]
    splits = split(grouped_table(1500, groups=people, ages=ONE_OF_EACH_GROUP))
    check_disjoint(splits)
    assert sum(rows["group"].nunique() for rows in splits.values()) == 300


def test_shares_hold_with_people_of_very_different_sizes():
    # One person of 400 photographs, five of 100, a hundred of 10, the rest of 1.
    rows_of = [400] + [100] * 5 + [10] * 100 + [1] * 1100
    people = [f"person {index:04d}" for index, rows in enumerate(rows_of) for _ in range(rows)]
    for seed in range(5):
        counts = sizes(split(grouped_table(3000, groups=people), seed=seed))
        assert counts["val"] == pytest.approx(300, abs=50)
        assert counts["test"] == pytest.approx(300, abs=50)


def test_a_group_larger_than_the_smallest_share_is_in_the_first_split():
    people = ["large"] * 11 + [f"small {index}" for index in range(89)]
    for seed in range(20):
        assert "large" in set(split(grouped_table(100, groups=people), seed=seed)["train"]["group"])


def test_a_group_of_exactly_the_smallest_share_takes_its_turn():
    people = ["pair", "pair", *[f"single {index}" for index in range(18)]]
    owners = {where_group(split(grouped_table(20, groups=people), seed=seed), "pair") for seed in range(20)}
    assert owners == {"train", "val", "test"}


def test_in_a_small_stratum_a_group_of_two_rows_goes_to_the_first_split():
    # A tenth of 5 rows is less than one: groups of one row count as small there, so the pair is first in line.
    people = ["pair", "pair", "a", "b", "c"]
    fractions = {"train": 0.6, "val": 0.2, "test": 0.2}
    for seed in range(10):
        assert "pair" in set(split(grouped_table(5, groups=people), seed=seed, fractions=fractions)["train"]["group"])


def test_people_of_several_ages_are_in_the_stratum_of_the_most_common_one():
    # Fifty people are twice 20 and once 70 years old, fifty always 70; each kind is a stratum.
    people = [f"person {index // 3}" for index in range(300)]
    splits = split(grouped_table(300, groups=people, ages=[20, 70, 20, 70, 70, 70]))
    ages = {name: rows["age"].value_counts().to_dict() for name, rows in splits.items()}
    assert ages == {"train": {20: 80, 70: 160}, "val": {20: 10, 70: 20}, "test": {20: 10, 70: 20}}


@pytest.mark.parametrize(
    ("ages", "sources"),
    [
        ([30, 30, 30, 30, 30, 30], ["a", "a", "a", "b", "b", "b"]),
        ([20, 20, 20, 30, 30, 30], ["a"]),
    ],
    ids=["source", "age_group"],
)
def test_a_group_of_two_equally_common_values_is_in_the_stratum_of_the_smaller_one(ages, sources):
    # Group "tied" has a row of each value. In the first stratum it shares 4 rows with "low": one group takes the first
    # half and the other the second. "high" stays in a stratum of its own, whose middle, 1/2, is in the second half.
    table = grouped_table(6, ages=ages, sources=sources, groups=["low", "low", "tied", "tied", "high", "high"])
    for seed in range(8):
        first, second = split(table, seed=seed, fractions={"first": 0.5, "second": 0.5}).values()
        assert set(first["group"]) < {"low", "tied"}
        assert "high" in set(second["group"])


def test_the_order_of_rows_does_not_matter():
    table = grouped_table(500, ages=ONE_OF_EACH_GROUP, groups=[f"g{index // 2}" for index in range(500)])
    assert where(split(table)).equals(where(split(shuffled(table))))


def test_the_split_depends_on_the_seed():
    table = grouped_table(500)
    assert where(split(table)).equals(where(split(table)))
    assert not where(split(table)).equals(where(split(table, seed=1)))


def test_a_new_source_moves_no_row_of_another():
    old = grouped_table(500, ages=ONE_OF_EACH_GROUP, sources=["utkface"])
    new = grouped_table(333, ages=[18, 44], sources=["another"])
    before, after = where(split(old)), where(split(pd.concat([new, old], ignore_index=True)))
    assert after[before.index].equals(before)


def test_new_rows_of_a_source_move_nothing_between_train_and_test():
    names = [f"{index:05d}.jpg" for index in range(1100)]
    old = grouped_table(1000, names=names)
    grown = grouped_table(1100, names=names)
    before, after = where(split(old)), where(split(grown))
    moved = before != after[before.index]
    assert moved.mean() < 0.02
    steps = set(zip(before[moved], after[before.index][moved], strict=True))
    assert not steps & {("train", "test"), ("test", "train")}


def test_a_split_without_rows_is_an_error():
    with pytest.raises(DataError, match="val has none of 2 rows in 2 groups"):
        split(grouped_table(2))


@pytest.mark.parametrize(
    "fractions", [{}, {"train": 0.8, "test": 0.1}, {"train": 1.0, "test": 0.0}, {"train": 1.2, "test": -0.2}]
)
def test_fractions_must_be_positive_and_add_up(fractions):
    with pytest.raises(ParamsError, match="above 0 and sum to 1"):
        split(grouped_table(10), fractions=fractions)


def test_a_group_in_two_splits_is_named_in_the_error():
    splits = split(grouped_table(100))
    check_disjoint(splits)
    leak = splits["train"].iloc[[7]]
    splits["test"] = pd.concat([splits["test"], leak])
    with pytest.raises(DataError, match=f"Received: '{leak['group'].item()}' in train and in test"):
        check_disjoint(splits)


def test_hashes_are_the_same_on_all_machines():
    # sha256 of "7/a", as `printf 7/a | sha256sum` prints it.
    hashes = hash_names(pd.Series(["a"]), seed=7)
    assert hashes.tolist() == ["681ebd31f1942012739312a095442ff5c473d0896902e122a989b3b7f9fadc9f"]


def test_another_salt_deals_other_groups_and_none_deals_as_before():
    names = pd.Series(["a", "b"])
    plain = hash_names(names, seed=7)
    assert hash_names(names, seed=7, salt="").tolist() == plain.tolist()
    assert hash_names(names, seed=7, salt="2026-11")[0] == hashlib.sha256(b"7/2026-11/a").hexdigest()


def test_zero_shot_sources_are_in_the_last_split_only():
    table = grouped_table(400, ages=ONE_OF_EACH_GROUP, sources=["a", "b", "b", "b"])
    plain = split(table[table["source"] == "b"])
    splits = split_table(table, fractions=FRACTIONS, groups=FIVE_GROUPS, seed=0, zero_shot=["a"])
    assert sizes(splits) == {
        "train": sizes(plain)["train"],
        "val": sizes(plain)["val"],
        "test": sizes(plain)["test"] + 100,
    }
    assert {name for name, rows in splits.items() if "a" in set(rows["source"])} == {"test"}
    assert splits["train"]["image_id"].tolist() == plain["train"]["image_id"].tolist()


def test_copies_of_a_zero_shot_photo_are_not_trained_on():
    groups = [f"group {i // 2}" for i in range(400)]
    table = grouped_table(400, sources=["b", "a"], groups=groups[:4] + [f"own {i}" for i in range(396)])
    splits = split_table(table, fractions=FRACTIONS, groups=FIVE_GROUPS, seed=0, zero_shot=["a"])
    assert {where_group(splits, group) for group in ("group 0", "group 1")} == {"test"}
    check_disjoint(splits)
