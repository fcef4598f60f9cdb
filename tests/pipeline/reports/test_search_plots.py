"""The plots of a search show every trial, whatever its settings are."""

import numpy as np
import pandas as pd
import pytest

from agelens.pipeline.reports.figures import figure_png
from agelens.pipeline.reports.search_plots import axis_positions, draw_importance, draw_trials
from tests.pipeline.reports.trials import SETTINGS, trials_of


@pytest.mark.parametrize(
    ("values", "positions", "labels"),
    [
        ([64, 256, 64], [0, 1, 0], ["64", "256"]),
        (["b", "a", "c"], [0.5, 0, 1], ["a", "b", "c"]),
        ([7.0], [0.5], ["7"]),
        ([0, 1, 2, 3, 4, 5, 10], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 1], ["0", "5", "10"]),
        ([0.001, 0.01, 0.1, 1, 10, 100, 1000], np.linspace(0, 1, 7), ["0.001", "1", "1e+03"]),
    ],
    ids=["numbers", "words", "one", "even range", "decades"],
)
def test_positions_follow_the_order_or_the_scale_of_the_values(values, positions, labels):
    found, ticks = axis_positions(pd.Series(values))
    assert found == pytest.approx(positions)
    assert [label for _, label in ticks] == labels


@pytest.mark.parametrize("count", [1, 2, 40])
def test_every_trial_is_a_line(count):
    figure = draw_trials(trials_of(count), SETTINGS)
    lines = [line for line in figure.axes[0].lines if len(line.get_ydata()) == len(SETTINGS) + 1]
    assert len(lines) == count
    assert all(0 <= np.min(line.get_ydata()) <= np.max(line.get_ydata()) <= 1 for line in lines)
    assert figure_png(figure)


@pytest.mark.parametrize("shares", [[0.4, 0.1], [0.0], [0.0, 0.0]])
def test_importance_can_be_drawn(shares):
    figure = draw_importance(pd.Series(shares, index=SETTINGS[: len(shares)]))
    assert len(figure.axes[0].patches) == len(shares)
    assert figure_png(figure)
