"""The charts of a search show every trial, whatever its settings are."""

import numpy as np
import pandas as pd
import pytest

from agelens.pipeline.reports.charts import chart_png
from agelens.pipeline.reports.search_charts import (
    axis_positions,
    curves_chart,
    importance_chart,
    setting_chart,
    trials_chart,
)
from tests.pipeline.reports.trials import SETTINGS, curves_of, trials_of


@pytest.mark.parametrize(
    ("values", "log", "positions", "labels"),
    [
        ([64, 256, 64], False, [0, 1, 0], ["64", "256"]),
        (["b", "a", "c"], False, [0.5, 0, 1], ["a", "b", "c"]),
        ([7.0], False, [0.5], ["7"]),
        ([7.0], True, [0.5], ["7"]),
        ([0, 1, 2, 3, 4, 5, 10], False, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 1], ["0", "5", "10"]),
        ([0.001, 0.01, 0.1, 1, 10, 100, 1000], True, np.linspace(0, 1, 7), ["0.001", "1", "1e+03"]),
    ],
    ids=["numbers", "words", "one", "one, log", "even range", "decades"],
)
def test_positions_follow_the_order_or_the_scale_of_the_values(values, log, positions, labels):
    found, ticks = axis_positions(pd.Series(values), log=log)
    assert found == pytest.approx(positions)
    assert [label for _, label in ticks] == labels


@pytest.mark.parametrize("count", [1, 2, 40])
def test_every_trial_is_a_line_through_all_axes(count):
    chart = trials_chart(trials_of(count), settings=SETTINGS, log=["learning_rate"]).chart
    lines = chart.layer[0].data
    assert lines.groupby("trial").size().tolist() == [len(SETTINGS) + 1] * count
    assert lines["position"].between(0, 1).all()
    assert chart_png(chart, "trials")


@pytest.mark.parametrize(
    ("setting", "log", "scale"),
    [("learning_rate", True, "log"), ("learning_rate", False, "linear"), ("units", False, None)],
)
def test_a_setting_has_the_axis_that_it_was_searched_on(setting, log, scale):
    chart = setting_chart(trials_of(40), setting, settings=SETTINGS, log=log)
    axis = chart.chart.to_dict()["encoding"]["x"]
    assert (axis.get("scale", {}).get("type"), "(log axis)" in chart.title) == (scale, log)
    assert chart_png(chart.chart, chart.title)


def test_curves_have_every_epoch_and_leave_out_scores_that_are_no_numbers():
    trials = trials_of(3)
    curves = curves_of(trials)
    curves.loc[0, "val_age_mae"] = float("nan")
    chart = curves_chart(curves, trials)
    assert len(chart.numbers) == len(curves) - 1
    assert chart_png(chart.chart, chart.title)


@pytest.mark.parametrize("shares", [[0.4, 0.1], [0.0], [0.0, 0.0]])
def test_importance_can_be_drawn(shares):
    chart = importance_chart(pd.Series(shares, index=SETTINGS[: len(shares)]))
    assert chart.numbers["share"].tolist() == shares
    assert chart_png(chart.chart, chart.title)


def test_the_curve_of_a_promoted_trial_begins_with_the_last_epoch_of_its_parent():
    trials = trials_of(2).assign(parent=["0001", None])
    curves = pd.DataFrame(
        {"trial": ["0000", "0001", "0001"], "epoch": [3, 1, 2], "age_mae": 5.0, "val_age_mae": [6.0, 9.0, 8.0]}
    )
    drawn = curves_chart(curves, trials).chart.data
    points = drawn.sort_values(["trial", "epoch"])[["trial", "epoch", "val_age_mae"]].to_numpy().tolist()
    assert points == [["0000", 2, 8.0], ["0000", 3, 6.0], ["0001", 1, 9.0], ["0001", 2, 8.0]]
