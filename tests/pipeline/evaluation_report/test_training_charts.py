"""Charts of a training show both phases, the best epoch and the ages of each split."""

import pandas as pd
import pytest

from agelens.pipeline.evaluation_report.training_charts import ages_by_split, learning_curves, learning_rates
from tests.pipeline.evaluation_report.evaluations import HISTORY


def datasets(chart):
    return list(chart.chart.to_dict()["datasets"].values())


def test_learning_curves_mark_the_phase_and_the_best_epoch():
    chart = learning_curves(HISTORY)
    rules, curves, best = datasets(chart)
    assert rules == [{"start": 2.5}]
    assert [row["mae"] for row in curves if row["split"] == "validation"] == [9.0, 7.5, 8.5]
    assert [row["epoch"] for row in best] == [2]
    assert "7.50 years in epoch 2" in chart.caption


def test_a_training_without_validation_has_no_best_epoch():
    assert "ring" not in learning_curves(HISTORY.assign(val_age_mae=float("nan"))).caption


@pytest.mark.parametrize(("rate", "scale"), [(1e-3, "log"), (0.0, "linear")])
def test_learning_rates_are_on_a_log_axis_where_they_can_be(rate, scale):
    chart = learning_rates(HISTORY.assign(learning_rate=rate)).chart.to_dict()
    assert chart["layer"][1]["encoding"]["y"]["scale"]["type"] == scale


def test_ages_are_counted_in_each_split():
    ages = {"train": [1, 1, 30, 100], "val": [30], "test": []}
    chart = ages_by_split(
        {name: pd.DataFrame({"age": pd.Series(values, dtype=float)}) for name, values in ages.items()}
    )
    counts = chart.numbers.set_index("ages from")
    assert counts.loc[0].tolist() == [2, 0, 0]
    assert counts.loc[30].tolist() == [1, 1, 0]
    assert counts.loc[100].tolist() == [1, 0, 0]
