"""The page of a search holds every trial, loads nothing, and escapes the values of settings."""

import json
import re

import pandas as pd

from agelens.pipeline.reports.search_report import draw_search, write_search_page
from tests.pipeline.reports.trials import SETTINGS, trials_of


def test_page_holds_every_trial_and_loads_nothing(tmp_path):
    trials = trials_of(12)
    importance = pd.Series([0.5, 0.25, 0.0], index=SETTINGS)
    retrained = pd.DataFrame({"name": ["1", "untuned"], "mean": [6.61, 7.0], "sd": [0.01, 0.02], "seeds": [3, 3]})
    path = tmp_path / "trials.html"
    write_search_page(path, trials=trials, settings=SETTINGS, importance=importance, retrained=retrained)
    page = path.read_text()
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page)[1])
    assert [row[-1] for row in data["rows"]] == trials["trial"].tolist()
    assert [axis["name"] for axis in data["axes"]] == ["units", "age head", "learning rate", "val age mae"]
    assert all(len(line) == 4 for line in data["lines"])
    assert "6.610" in page
    assert not re.search(r'(src|href)="?http', page)


def test_values_are_escaped(tmp_path):
    trials = trials_of(2).assign(age_head="</script><b>")
    retrained = pd.DataFrame({"name": ["<i>"], "mean": [1.0], "sd": [0.0], "seeds": [1]})
    path = tmp_path / "trials.html"
    write_search_page(
        path, trials=trials, settings=SETTINGS, importance=pd.Series([0.1], index=["units"]), retrained=retrained
    )
    assert "</script><b>" not in path.read_text()
    assert "<i>" not in path.read_text()


def test_search_is_drawn_from_the_tables_of_the_stage(tmp_path):
    trials_of(12).to_csv(tmp_path / "trials.csv", index=False)
    (tmp_path / "importance.csv").write_text("setting,importance\nlearning_rate,0.5\nunits,0.25\nage_head,0.0\n")
    (tmp_path / "retrained.csv").write_text("name,mean,sd,seeds\n1,6.61,0.01,3\nuntuned,7.0,0.02,3\n")
    draw_search(tmp_path, tmp_path / "report")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "importance.png",
        "search.html",
        "trials.png",
    ]
    page = (tmp_path / "report/search.html").read_text()
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page)[1])
    assert [axis["name"] for axis in data["axes"]] == ["units", "age head", "learning rate", "val age mae"]
    assert [row[-1] for row in data["rows"]] == trials_of(12)["trial"].tolist()


def test_nothing_is_drawn_without_a_search(tmp_path):
    draw_search(tmp_path, tmp_path / "report")
    assert not (tmp_path / "report").exists()
