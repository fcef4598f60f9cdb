"""Searches whose trials all train for the maximum number of epochs: random search and Bayesian optimization."""

from dataclasses import replace

import pytest

from agelens.tuning.search import search_is_finished
from agelens.tuning.search_config import TunerName
from agelens.tuning.space import Choices, SearchSpace
from tests.tuning.small_search import CONFIG, SPACE, Recorder, Stopped, search

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
