"""Random and Bayesian searches, and the behaviour of Keras Tuner's Bayesian oracle that `one_rung_oracles` replaces.

If a test of upstream's class fails with a new release, that release no longer needs the replacement: remove both.
"""

import importlib.util
from dataclasses import replace

import keras_tuner as kt
import numpy as np
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.tuning.one_rung_oracles import BayesianOracle
from agelens.tuning.search import search_is_finished
from agelens.tuning.search_config import TunerName
from agelens.tuning.space import Choices, SearchSpace
from tests.tuning.small_search import CONFIG, SPACE, Recorder, Stopped, search

pytestmark = pytest.mark.filterwarnings("ignore:The optimal value found")  # of the length scale, with few scores

UPSTREAM = kt.oracles.BayesianOptimizationOracle


def make_oracle(folder, kind, *, choices=None, **changes):
    """Return an oracle for one setting, with one random trial at the start."""
    own = {"max_epochs": 3} if kind is BayesianOracle else {}
    options = {"max_trials": 9, "num_initial_points": 1, "seed": 1, **own} | changes
    oracle = kind(objective=kt.Objective("val_loss", "min"), **options)
    hp = kt.HyperParameters()
    hp.Choice("rate", choices) if choices else hp.Float("rate", 0.0, 1.0)
    oracle.update_space(hp)
    oracle._set_project_dir(str(folder), "search")
    oracle.verbose = 0
    return oracle


def finish(oracle, trial, score):
    oracle.update_trial(trial.trial_id, {"val_loss": score})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


def rate_of(trial):
    return trial.hyperparameters.values["rate"]


@pytest.mark.parametrize(("kind", "same"), [(UPSTREAM, False), (BayesianOracle, True)])
def test_upstream_chooses_other_settings_after_it_reloads(tmp_path, kind, same):
    chosen = []
    for reloads in (False, True):
        oracle = make_oracle(tmp_path / str(reloads), kind)
        for score in (8.0, 7.0, 7.5):
            finish(oracle, oracle.create_trial("tuner0"), score)
        if reloads:
            oracle = make_oracle(tmp_path / "True", kind)
            oracle.reload()
        chosen.append(rate_of(oracle.create_trial("tuner0")))
    assert (abs(chosen[0] - chosen[1]) < 1e-12) == same


@pytest.mark.parametrize(("kind", "expected"), [(UPSTREAM, 1.0), (BayesianOracle, 8.0)])
def test_upstream_expects_an_age_error_of_1_year_of_a_trial_that_runs(tmp_path, kind, expected):
    oracle = make_oracle(tmp_path, kind)
    finish(oracle, oracle.create_trial("tuner0"), 8.0)
    finish(oracle, oracle.create_trial("tuner0"), 8.0)
    oracle.create_trial("tuner0")
    oracle.gpr = oracle._make_gpr()  # as in a new process
    settings, scores = oracle._vectorize_trials()
    assert len(settings) == len(scores) == 3
    assert scores[:2].tolist() == [8.0, 8.0]
    assert scores[2] == pytest.approx(expected, abs=1.1)
    assert list(oracle.trials) == ["0", "1", "2"]
    assert len(oracle.ongoing_trials) == 1


@pytest.mark.parametrize(("kind", "repeats"), [(UPSTREAM, True), (BayesianOracle, False)])
def test_upstream_chooses_settings_again(tmp_path, kind, repeats):
    oracle = make_oracle(tmp_path, kind, choices=[0.1, 0.2, 0.3], max_trials=3)
    rates = []
    for score in (5.0, 7.0, 8.0):
        trial = oracle.create_trial("tuner0")
        rates.append(rate_of(trial))
        finish(oracle, trial, score)
    assert (len(set(rates)) < 3) is repeats


def test_choices_go_where_the_scores_are_low(tmp_path):
    oracle = make_oracle(tmp_path, BayesianOracle, num_initial_points=3, max_trials=12)
    rates = []
    for _ in range(12):
        trial = oracle.create_trial("tuner0")
        rates.append(rate_of(trial))
        finish(oracle, trial, 5 + 10 * (rates[-1] - 0.3) ** 2)
    assert np.abs(np.array(rates) - 0.3).min() < 0.02
    assert np.abs(np.median(rates[-4:]) - 0.3) < 0.1


def test_it_is_an_error_if_scikit_learn_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ParamsError, match=r"needs scikit-learn.*agelens\[train\]"):
        make_oracle(tmp_path, BayesianOracle)


ONE_RUNG: tuple[TunerName, ...] = ("random", "bayesian")
FOUR_TRIALS = replace(CONFIG, max_epochs=2, max_trials=4, initial_points=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder for the state of the searches."""
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def without_rungs(folder):
    """Return the trials of a random and of a Bayesian search, and the calls of their listeners."""
    return {name: search(folder, fingerprint=name, config=replace(FOUR_TRIALS, tuner=name)) for name in ONE_RUNG}


@pytest.mark.parametrize("tuner", ONE_RUNG)
def test_a_search_without_rungs_trains_every_trial_to_the_end(without_rungs, tuner):
    trials, recorder = without_rungs[tuner]
    assert len(trials) == len(recorder.trials) == 4
    assert len(recorder.epochs) == 8
    assert trials[["epochs", "bracket", "round"]].to_numpy().tolist() == [[2, 0, 0]] * 4
    assert trials["parent"].isna().all()
    assert not trials.duplicated(list(SPACE)).any()


@pytest.mark.parametrize("tuner", ONE_RUNG)
def test_a_finished_search_without_rungs_is_not_repeated(without_rungs, folder, tuner):
    trials, recorder = search(folder, fingerprint=tuner, config=replace(FOUR_TRIALS, tuner=tuner))
    assert recorder.epochs == []
    assert trials.equals(without_rungs[tuner][0])


def test_a_stopped_bayesian_search_resumes_with_the_same_trials(tmp_path, without_rungs):
    config = replace(FOUR_TRIALS, tuner="bayesian")
    whole, recorder = without_rungs["bayesian"]
    third = recorder.trials[2][0].trial  # the first one that a Gaussian process has chosen
    with pytest.raises(Stopped):
        search(tmp_path, fingerprint="bayesian", config=config, recorder=Recorder(stop_in=third))
    trials, resumed = search(tmp_path, fingerprint="bayesian", config=config)
    assert len(resumed.trials) == 2
    assert trials.equals(whole)


def test_only_the_random_trials_of_both_tuners_are_equal(without_rungs):
    random, bayesian = (
        without_rungs[name][0].set_index("trial")["learning_rate"].sort_index().tolist() for name in ONE_RUNG
    )
    assert random[:2] == bayesian[:2]
    assert set(random[2:]).isdisjoint(bayesian[2:])


@pytest.mark.parametrize("tuner", ONE_RUNG)
def test_a_search_without_rungs_ends_when_all_settings_have_been_tried(tmp_path, tuner):
    space: SearchSpace = {"units": Choices((2, 3))}
    trials, _ = search(tmp_path, fingerprint="a", space=space, config=replace(FOUR_TRIALS, tuner=tuner))
    assert sorted(trials["units"]) == [2, 3]
    assert search_is_finished(tmp_path, fingerprint="a")
