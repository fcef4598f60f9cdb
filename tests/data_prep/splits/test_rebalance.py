"""Rebalancing of ages, by hand-made counts."""

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.tables import REJECTED, TRAIN, check_table
from agelens.data_prep.splits.rebalance import apportion, rebalance_table, smooth_counts
from tests.factories import shuffled, split_rows


def test_an_age_with_too_many_rows_is_reduced_to_the_maximum():
    table = split_rows(2600, ages=[30] * 12 + [31])  # 2,400 of 30 years, 200 of 31
    kept, rejected = rebalance_table(table)
    assert kept["age"].value_counts().to_dict() == {30: 2000, 31: 200}
    assert rejected["reason"].unique().tolist() == ["over_represented_age"]
    assert rejected["detail"].unique().tolist() == ["more than 2000 rows of age 30"]
    assert sorted([*kept["image_id"], *rejected["image_id"]]) == sorted(table["image_id"])


def test_an_age_with_the_maximum_of_rows_is_unchanged():
    kept, rejected = rebalance_table(split_rows(2000))
    assert len(kept) == 2000
    check_table(rejected, REJECTED)
    assert rejected.empty


def test_the_shares_of_sources_are_kept():
    # 70 a, 20 b and 10 c reduced to 15 are 10.5, 3.0 and 1.5; of the equal remainders, a is preferred.
    table = split_rows(100, sources=["a"] * 7 + ["b"] * 2 + ["c"])
    kept, _ = rebalance_table(table, min_count=0, max_count=15)
    assert kept["source"].value_counts().to_dict() == {"a": 11, "b": 3, "c": 1}


@pytest.mark.parametrize(
    ("counts", "total", "shares"),
    [
        ({"a": 70, "b": 20, "c": 10}, 10, {"a": 7, "b": 2, "c": 1}),
        ({"a": 1, "b": 1, "c": 1}, 2, {"a": 1, "b": 1, "c": 0}),
        ({"c": 1, "b": 1, "a": 1}, 1, {"a": 1, "b": 0, "c": 0}),
        ({"a": 1999, "b": 2}, 2000, {"a": 1998, "b": 2}),
        ({"a": 5}, 3, {"a": 3}),
    ],
)
def test_shares_are_rounded_by_largest_remainder(counts, total, shares):
    assert apportion(pd.Series(counts), total=total).to_dict() == shares


def test_which_rows_are_kept_depends_only_on_image_ids_and_seed():
    table = split_rows(300, sources=["a", "a", "b"])
    first, _ = rebalance_table(table, max_count=50)
    again, _ = rebalance_table(shuffled(table), max_count=50)
    other, _ = rebalance_table(table, max_count=50, seed=1)
    assert set(first["image_id"]) == set(again["image_id"])
    assert set(first["image_id"]) != set(other["image_id"])


def test_a_smaller_maximum_keeps_a_subset_of_the_rows():
    table = split_rows(300)
    small, large = (set(rebalance_table(table, max_count=cap)[0]["image_id"]) for cap in (50, 100))
    assert small < large


@pytest.mark.parametrize(("rows", "copies"), [(9, 3), (10, 1)])
def test_rare_ages_are_drawn_three_times(rows, copies):
    kept, _ = rebalance_table(split_rows(rows))
    assert kept["copies"].tolist() == [copies] * rows


def test_ages_are_counted_in_whole_years():
    kept, _ = rebalance_table(split_rows(10, ages=[30, 30.5]))
    assert kept["copies"].tolist() == [1] * 10


def test_an_age_reduced_to_the_minimum_count_is_not_rare():
    kept, _ = rebalance_table(split_rows(30), min_count=10, max_count=10)
    assert kept["copies"].tolist() == [1] * 10


def test_age_intervals_are_not_counted_removed_repeated_or_weighted():
    table = split_rows(36, ages=[30, (25, 35), (25, 35)])  # 12 of 30 years, 24 intervals around 30
    kept, rejected = rebalance_table(table, max_count=12, min_count=12, weights="inverse")
    assert rejected.empty
    assert kept["copies"].tolist() == [1] * 36
    kept, _ = rebalance_table(split_rows(30, ages=[30, 30, 60, (25, 35), (25, 35)]), min_count=0, weights="inverse")
    assert kept.loc[kept["age_kind"] == "interval", "weight"].tolist() == [1.0] * 12
    assert not (kept.loc[kept["age_kind"] == "exact", "weight"] == 1).any()


def test_weights_are_1_by_default():
    kept, _ = rebalance_table(split_rows(60, ages=[30, 30, 60]))
    assert kept["weight"].tolist() == [1.0] * 60


def test_weights_have_the_hand_computed_values():
    # 80 rows of 30 years and 20 of 60: a mean of 50, so sqrt(50/80) = 0.7906 and sqrt(50/20) = 1.5811,
    # and their mean over the rows is (80 x 0.7906 + 20 x 1.5811) / 100 = 0.9487.
    kept, _ = rebalance_table(split_rows(100, ages=[30] * 4 + [60]), weights="inverse")
    weight = kept.groupby("age")["weight"].first()
    assert weight.to_dict() == pytest.approx({30: 0.83333, 60: 1.66667}, abs=1e-5)
    assert kept["weight"].mean() == pytest.approx(1)


def test_weights_are_computed_from_draws_per_epoch():
    # 30 years: 40 rows reduced to 12 draws; 60 years: 4 rows drawn 3 times are also 12, so both have the same weight.
    kept, _ = rebalance_table(split_rows(44, ages=[30] * 10 + [60]), min_count=10, max_count=12, weights="inverse")
    assert kept["copies"].tolist().count(3) == 4
    np.testing.assert_allclose(kept["weight"], 1)


def test_weights_are_clipped_before_they_are_divided_by_their_mean():
    # 9,999 rows of 30 years and one of 60: a mean of 5,000, so sqrt(0.50005) = 0.70714 and sqrt(5,000) = 70.7,
    # clipped to 5.
    kept, _ = rebalance_table(
        split_rows(10_000, ages=[30] * 9999 + [60]), min_count=0, max_count=10_000, weights="inverse"
    )
    weight = kept.groupby("age")["weight"].first()
    assert weight[60] / weight[30] == pytest.approx(5 / 0.70714, abs=1e-4)


def test_weights_are_clipped_at_both_ends_of_their_range():
    # 91 rows of 30 years and one of each of nine ages: a mean of 10, so 10/91 = 0.11 is clipped to 0.2 and 10/1 to 5.
    # Their mean over the rows is (91 x 0.2 + 9 x 5) / 100 = 0.632.
    ages = [30] * 91 + list(range(40, 49))
    kept, _ = rebalance_table(split_rows(100, ages=ages), min_count=0, weights="inverse", weight_power=1.0)
    weight = kept.groupby("age")["weight"].first()
    assert weight[30] == pytest.approx(0.2 / 0.632)
    assert weight[40] == pytest.approx(5 / 0.632)


def test_one_row_of_an_age_may_be_left():
    kept, rejected = rebalance_table(split_rows(5), min_count=1, max_count=1)
    assert (len(kept), len(rejected)) == (1, 4)


def test_one_copy_of_rare_ages_changes_nothing():
    kept, _ = rebalance_table(split_rows(5), copies=1)
    assert kept["copies"].tolist() == [1] * 5


@pytest.mark.parametrize("ages", [[(25, 35)], [30]])
@pytest.mark.parametrize("n", [0, 5])
def test_small_and_empty_tables_follow_the_schema(n, ages):
    kept, rejected = rebalance_table(split_rows(n, ages=ages), weights="inverse")
    check_table(kept, TRAIN)
    check_table(rejected, REJECTED)
    assert kept["weight"].tolist() == [1.0] * n


def test_order_and_values_of_rows_are_unchanged():
    table = shuffled(split_rows(100, ages=[5, 30, 60]))
    kept, _ = rebalance_table(table, max_count=20)
    expected = table[table["image_id"].isin(kept["image_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept.drop(columns=["copies", "weight"]), expected)


@pytest.mark.parametrize(
    "wrong", [{"copies": 0}, {"max_count": 0, "min_count": 0}, {"min_count": -1}, {"max_count": 9}]
)
def test_numbers_out_of_range_are_rejected(wrong):
    with pytest.raises(ParamsError, match="Rebalancing needs"):
        rebalance_table(split_rows(5), **wrong)


def test_the_power_controls_the_ratio_of_weights():
    table = split_rows(100, ages=[30] * 9 + [60])
    weights = [
        rebalance_table(table, min_count=0, weights="inverse", weight_power=power)[0].groupby("age")["weight"].first()
        for power in (0.0, 0.5, 1.0)
    ]
    ratios = [weight[60.0] / weight[30.0] for weight in weights]
    assert ratios == pytest.approx([1.0, 3.0, 9.0])


@pytest.mark.parametrize(
    ("counts", "sigma", "expected"),
    [
        ([0, 4, 0], 0.0, [0, 4, 0]),
        ([3, 3, 3], 2.0, [3, 3, 3]),  # no change at the ends
        # The Gaussian of 1 year has the weights 1, e^-0.5 = 0.6065 and e^-2 = 0.1353.
        ([4, 0, 0], 1.0, [4 / 1.7418, 4 * 0.6065 / 2.2130, 4 * 0.1353 / 1.7418]),
    ],
)
def test_smoothed_counts_have_the_hand_computed_values(counts, sigma, expected):
    assert smooth_counts(pd.Series(counts), sigma=sigma).tolist() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("age", "ratio"),
    [
        (60, 40 / 10),
        # The Gaussian of 1 year weighs 2.5066; at 100 years, where the upper half lies outside the range, 1.7533.
        (100, 40 / 2.5066 / (10 / 1.7533)),
    ],
)
def test_smoothed_weights_by_hand(age, ratio):
    kept, _ = rebalance_table(
        split_rows(50, ages=[30] * 4 + [age]), min_count=0, weights="smoothed", weight_power=1, weight_sigma=1
    )
    weight = kept.groupby("age")["weight"].first()
    assert weight[age] / weight[30] == pytest.approx(ratio, rel=1e-3)


def test_parts_of_years_are_rejected_by_their_whole_year():
    _, rejected = rebalance_table(split_rows(12, ages=[30.5]), min_count=0, max_count=10)
    assert rejected["detail"].unique().tolist() == ["more than 10 rows of age 30"]


def test_with_smoothed_counts_a_rare_age_among_common_ones_has_a_low_weight():
    table = split_rows(91, ages=[30] * 30 + [31] + [32] * 30 + [70] * 30)
    plain, smoothed = (
        rebalance_table(table, min_count=0, weights=weights)[0].groupby("age")["weight"].first()
        for weights in ("inverse", "smoothed")
    )
    assert plain[31.0] > 4 * plain[70.0]
    assert smoothed[31.0] < smoothed[70.0]
