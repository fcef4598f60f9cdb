"""The budget of each tuner, counted by hand, and which settings it uses."""

from dataclasses import replace

import pytest

from agelens.tuning.budget import Budget
from agelens.tuning.search_config import SearchConfig

DEFAULT = SearchConfig()
"""Hyperband with 20 epochs, factor 3, twice: 452 epochs, which suffice for 22 trials of 20 epochs."""


@pytest.mark.parametrize(
    ("changes", "budget"),
    [
        ({}, Budget(60, 452)),
        ({"tuner": "random"}, Budget(22, 440)),
        ({"tuner": "bayesian"}, Budget(22, 440)),
        ({"tuner": "bayesian", "iterations": 1}, Budget(11, 220)),
        ({"tuner": "random", "max_trials": 7}, Budget(7, 140)),
        ({"tuner": "hyperband", "max_trials": 7}, Budget(60, 452)),
        ({"tuner": "random", "max_epochs": 2, "factor": 100, "iterations": 1}, Budget(2, 4)),
    ],
)
def test_tuners_have_comparable_budgets(changes, budget):
    assert replace(DEFAULT, **changes).budget == budget


@pytest.mark.parametrize(
    ("settings", "changes", "points"),
    [
        (2, {}, 6),
        (5, {}, 11),  # half of 22 trials, and not 15
        (5, {"initial_points": 4}, 4),
        (5, {"max_trials": 1}, 1),
    ],
)
def test_bayesian_starts_with_random_trials(settings, changes, points):
    assert replace(DEFAULT, tuner="bayesian", **changes).initial_points_for(settings) == points


@pytest.mark.parametrize(
    ("tuner", "changes", "same"),
    [
        ("hyperband", {"max_trials": 9, "initial_points": 3, "exploration": 1.0}, True),
        ("hyperband", {"factor": 4}, False),
        ("hyperband", {"iterations": 3}, False),
        ("random", {"initial_points": 3, "exploration": 1.0}, True),
        ("random", {"max_trials": 22}, True),
        ("random", {"max_trials": 23}, False),
        ("random", {"iterations": 1}, False),
        ("bayesian", {"max_trials": 22}, True),
        ("bayesian", {"initial_points": 3}, False),
        ("bayesian", {"exploration": 1.0}, False),
        ("bayesian", {"max_epochs": 21}, False),
    ],
)
def test_a_search_is_another_one_if_a_setting_that_its_tuner_uses_changes(tuner, changes, same):
    config = replace(DEFAULT, tuner=tuner)
    assert (replace(config, **changes).used_settings() == config.used_settings()) is same
