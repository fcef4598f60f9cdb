"""The train split before and after rebalancing."""

from agelens.data_prep.exploration.balance import compare_balance, describe_balance
from agelens.data_prep.splits.rebalance import rebalance_table
from tests.factories import split_rows

BEFORE = split_rows(6, ages=[20.0, 20.0, 20.0, 20.0, 70.0, (30.0, 40.0)])
AFTER, _ = rebalance_table(BEFORE, min_count=2, copies=3, max_count=3)


def test_ages_are_counted_before_and_after() -> None:
    table = compare_balance(BEFORE, AFTER)
    rows = table[(table["source"] == "made") & (table["before"] > 0)].drop(columns="source")
    assert rows.to_numpy().tolist() == [[20, 4, 3, 3, 0.5], [70, 1, 1, 3, 0.5]]


def test_figures_count_intervals_too() -> None:
    assert describe_balance(BEFORE, AFTER) == {
        "rows_before": 6,
        "rows_after": 5,
        "draws": 7,
        "largest_band_share_before": 0.6667,
        "largest_band_share_after": 0.4286,
        "band_imbalance_before": 4.0,
        "band_imbalance_after": 3.0,
        "smallest_weight": 1.0,
        "largest_weight": 1.0,
    }
