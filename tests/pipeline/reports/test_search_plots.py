"""The pictures and the page of a search hold every trial, whatever its settings are."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from agelens.pipeline.reports.plots import figure_png
from agelens.pipeline.reports.search_page import write_search_page
from agelens.pipeline.reports.search_plots import axis_places, draw_importance, draw_trials

SETTINGS = ["units", "age_head", "learning_rate"]


def trials_of(count):
    rng = np.random.default_rng(0)
    table = {
        "units": rng.choice([64, 128], count),
        "age_head": rng.choice(["linear", "distribution"], count),
        "learning_rate": np.exp(rng.uniform(-9, -4, count)),
        "val_age_mae": np.sort(rng.uniform(5, 9, count)),
        "epochs": 3,
        "bracket": 1,
        "round": 0,
        "trial": [f"{row:04d}" for row in range(count)],
    }
    return pd.DataFrame(table)


@pytest.mark.parametrize(
    ("values", "places", "labels"),
    [
        ([64, 256, 64], [0, 1, 0], ["64", "256"]),
        (["b", "a", "c"], [0.5, 0, 1], ["a", "b", "c"]),
        ([7.0], [0.5], ["7"]),
        ([0, 1, 2, 3, 4, 5, 10], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 1], ["0", "5", "10"]),
        ([0.001, 0.01, 0.1, 1, 10, 100, 1000], np.linspace(0, 1, 7), ["0.001", "1", "1e+03"]),
    ],
    ids=["numbers", "words", "one", "even range", "decades"],
)
def test_values_stand_where_they_belong(values, places, labels):
    found, marks = axis_places(pd.Series(values))
    assert found == pytest.approx(places)
    assert [label for _, label in marks] == labels


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


def test_the_page_holds_every_trial_and_loads_nothing(tmp_path):
    trials = trials_of(12)
    importance = pd.Series([0.5, 0.25, 0.0], index=SETTINGS)
    summary = pd.DataFrame({"name": ["1", "untuned"], "mean": [6.61, 7.0], "sd": [0.01, 0.02], "seeds": [3, 3]})
    path = tmp_path / "trials.html"
    write_search_page(path, trials=trials, settings=SETTINGS, importance=importance, summary=summary)
    page = path.read_text()
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page)[1])
    assert [row[-1] for row in data["rows"]] == trials["trial"].tolist()
    assert [axis["name"] for axis in data["axes"]] == ["units", "age head", "learning rate", "val age mae"]
    assert all(len(line) == 4 for line in data["lines"])
    assert "6.610" in page
    assert not re.search(r'(src|href)="?http', page)


def test_words_cannot_leave_their_script(tmp_path):
    trials = trials_of(2).assign(age_head="</script><b>")
    summary = pd.DataFrame({"name": ["<i>"], "mean": [1.0], "sd": [0.0], "seeds": [1]})
    path = tmp_path / "trials.html"
    write_search_page(
        path, trials=trials, settings=SETTINGS, importance=pd.Series([0.1], index=["units"]), summary=summary
    )
    assert "</script><b>" not in path.read_text()
    assert "<i>" not in path.read_text()
