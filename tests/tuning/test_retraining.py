"""The best configurations are retrained with every seed, and the one with the lowest mean is selected."""

import json

import pandas as pd
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.tuning.results import BestSettings
from agelens.tuning.retraining import UNTUNED, retrain, select_best, summarise_retrained, top_settings
from tests.tuning.small_search import small_factory

TRIALS = pd.DataFrame(
    {
        "units": [64, 64, 32, 16],
        "rate": [0.1, 0.1, 0.1, 0.2],
        "val_age_mae": [5.0, 5.1, 5.2, 5.3],
        "trial": list("dcba"),
    }
)
RESULTS = pd.DataFrame(
    {
        "name": [UNTUNED, UNTUNED, "1", "1", "2", "2"],
        "seed": [1, 2] * 3,
        "val_age_mae": [7.0, 7.2, 6.9, 6.7, 6.6, 6.8],
    }
)


@pytest.mark.parametrize(
    ("top", "expected"),
    [(1, [(64, 0.1)]), (2, [(64, 0.1), (32, 0.1)]), (9, [(64, 0.1), (32, 0.1), (16, 0.2)])],
)
def test_top_settings_have_no_duplicates(top, expected):
    found = top_settings(TRIALS, settings=["units", "rate"], top=top)
    assert found == [{"units": units, "rate": rate} for units, rate in expected]
    assert json.dumps(found)  # plain numbers, not numpy's


def test_a_search_without_a_finished_trial_is_an_error():
    with pytest.raises(ParamsError, match=r"No trial of the search finished.*dvc repro tune"):
        top_settings(TRIALS.head(0), settings=["units"], top=5)


def test_summary_has_mean_and_standard_deviation_over_seeds():
    summary = summarise_retrained(RESULTS)
    assert summary["name"].tolist() == ["2", "1", UNTUNED]
    assert summary["mean"].tolist() == pytest.approx([6.7, 6.8, 7.1])
    assert summary["sd"].tolist() == pytest.approx([0.02**0.5] * 3)
    assert summary["seeds"].tolist() == [2, 2, 2]


def test_the_lowest_mean_is_selected_even_if_it_was_second_in_the_search():
    configurations = {UNTUNED: {}, "1": {"units": 64}, "2": {"units": 32}}
    best = select_best(summarise_retrained(RESULTS), configurations=configurations, fingerprint="f")
    assert best == BestSettings("tuned", {"units": 32}, 6.7, 0.1414, 7.1, 0.1414, seeds=2, fingerprint="f")


@pytest.mark.parametrize(
    ("added", "winner"), [([0.5] * 2, "untuned"), ([0.4] * 2, "untuned"), ([0.3] * 2, "tuned")], ids=str
)
def test_the_lower_mean_wins_and_the_untuned_settings_win_a_tie(added, winner):
    # The second configuration has the mean 6.7, the untuned one 7.1.
    results = RESULTS.assign(val_age_mae=(RESULTS["val_age_mae"] + [0, 0, 9, 9, *added]).round(6))
    configurations = {UNTUNED: {}, "1": {"units": 1}, "2": {"units": 2}}
    best = select_best(summarise_retrained(results), configurations=configurations, fingerprint="f")
    assert (best.winner, best.settings, best.untuned_val_age_mae) == (winner, {"units": 2}, 7.1)
    assert best.lead == pytest.approx(abs(7.1 - 6.7 - added[0]))


def test_a_single_seed_says_nothing_about_the_spread():
    summary = summarise_retrained(RESULTS[RESULTS["seed"] == 1])
    assert summary["sd"].isna().all()
    best = select_best(summary, configurations={"2": {}}, fingerprint="f")
    assert (best.sd, best.untuned_sd, best.seeds) == (None, None, 1)


def test_a_stopped_retraining_resumes(tmp_path):
    configurations, state = {UNTUNED: {}, "1": {"units": 8}}, tmp_path / "retrained.json"
    trained: list[float] = []
    first = retrain(
        {UNTUNED: {}},
        factory=small_factory(),
        seeds=[1],
        epochs=2,
        state=state,
        on_epoch_end=lambda logs: trained.append(logs["epoch"]),
    )
    assert trained == [1, 2]
    both = retrain(
        configurations,
        factory=small_factory(),
        seeds=[1, 2],
        epochs=2,
        state=state,
        on_epoch_end=lambda logs: trained.append(logs["epoch"]),
    )
    assert trained == [1, 2] * 4
    assert both["val_age_mae"].iloc[0] == first["val_age_mae"].iloc[0]
    assert both[["name", "seed"]].to_numpy().tolist() == [[UNTUNED, 1], [UNTUNED, 2], ["1", 1], ["1", 2]]
    assert both["val_age_mae"].nunique() == 4


def test_the_same_seed_gives_the_same_score(tmp_path):
    scores = [
        retrain({"1": {}}, factory=small_factory(), seeds=[4], epochs=1, state=tmp_path / name)["val_age_mae"][0]
        for name in ("a.json", "b.json")
    ]
    assert scores[0] == scores[1]
