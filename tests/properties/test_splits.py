"""Splits and rebalancing: no row is lost or made, no group is in two splits, and the order of rows changes nothing."""

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.splits.rebalance import apportion, rebalance_table, smooth_counts
from agelens.data_prep.splits.split import check_disjoint, split_table
from tests.factories import FIVE_GROUPS
from tests.properties.tables import grouped_rows

fractions = st.sampled_from(
    [{"train": 0.8, "val": 0.1, "test": 0.1}, {"train": 0.5, "val": 0.25, "test": 0.25}, {"train": 0.6, "test": 0.4}]
)


@given(table=grouped_rows(), fractions=fractions, seed=st.integers(0, 9), unseen=st.sets(st.sampled_from("abc")))
def test_every_row_is_in_one_split_and_every_group_too(table, fractions, seed, unseen):
    try:
        splits = split_table(table, fractions=fractions, groups=FIVE_GROUPS, seed=seed, zero_shot=unseen)
    except DataError as error:
        assume("Every split needs rows" not in str(error))
        raise
    check_disjoint(splits)
    rows = pd.concat(splits.values())
    assert sorted(rows["image_id"]) == sorted(table["image_id"])
    trained = pd.concat([part for name, part in splits.items() if name != "test"])
    assert unseen.isdisjoint(trained["source"])
    again = split_table(
        table.sample(frac=1, random_state=0).reset_index(drop=True),
        fractions=fractions,
        groups=FIVE_GROUPS,
        seed=seed,
        zero_shot=unseen,
    )
    assert {name: set(part["image_id"]) for name, part in again.items()} == {
        name: set(part["image_id"]) for name, part in splits.items()
    }


@given(
    table=grouped_rows(),
    counts=st.tuples(st.integers(0, 5), st.integers(1, 6)),
    copies=st.integers(1, 4),
    weights=st.sampled_from(["none", "inverse", "smoothed"]),
)
def test_rebalancing_keeps_or_counts_every_row(table, counts, copies, weights):
    low, high = min(counts), max(counts)
    train = table.assign(age_group=0)
    kept, rejected = rebalance_table(train, min_count=low, max_count=high, copies=copies, weights=weights)
    assert sorted([*kept["image_id"], *rejected["image_id"]]) == sorted(train["image_id"])
    assert set(rejected["reason"]) <= {"over_represented_age"}
    exact = kept[kept["age_low"] == kept["age_high"]]
    per_age = exact.groupby("age").size()
    assert (per_age <= high).all()
    assert set(kept["copies"]) <= {1, copies}
    assert (exact["copies"] == np.where(exact["age"].map(per_age) < low, copies, 1)).all()
    assert np.isfinite(kept["weight"]).all()
    assert (kept["weight"] > 0).all()
    ordered = [name for name in train["image_id"] if name in set(kept["image_id"])]
    assert kept["image_id"].tolist() == ordered


@given(counts=st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), min_size=1), data=st.data())
def test_apportioned_numbers_have_the_total_and_are_within_one_of_their_share(counts, data):
    series = pd.Series(counts, dtype="int64")
    assume(series.sum() > 0)
    total = data.draw(st.integers(0, int(series.sum())))
    parts = apportion(series, total=total)
    assert parts.sum() == total
    exact = series.sort_index() * total / series.sum()
    assert ((parts - exact).abs() < 1).all()
    assert (parts <= series.sort_index()).all()


@given(
    counts=st.lists(st.integers(0, 10**6), min_size=1, max_size=101), sigma=st.one_of(st.just(0.0), st.floats(0.01, 20))
)
def test_smoothed_counts_lie_between_the_smallest_and_the_largest(counts, sigma):
    smooth = smooth_counts(pd.Series(counts), sigma=sigma)
    assert len(smooth) == len(counts)
    assert smooth.between(min(counts) - 1e-6, max(counts) + 1e-6).all()
