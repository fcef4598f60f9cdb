"""The behaviour of Keras Tuner's Bayesian oracle that `one_rung_oracles` replaces.

If a test of upstream's class fails with a new release, that release no longer needs the replacement: remove both.
"""

import importlib.util

import keras_tuner as kt
import numpy as np
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.tuning.one_rung_oracles import BayesianOracle

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
