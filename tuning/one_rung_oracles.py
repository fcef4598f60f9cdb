"""Oracles whose trials all train for the maximum number of epochs: random search and Bayesian optimization.

Each trial has the same values of Keras Tuner as one of Hyperband's bracket 0, which has a single rung. So the tuner,
its progress and its files are the same for all oracles.
"""

import importlib.util
from typing import Any

import keras_tuner as kt
import numpy as np

from agelens.data_prep.core.errors import ParamsError
from agelens.tuning.keras_tuner_patches import PatchedOracle

Values = dict[str, Any]


class _OneRungOracle(PatchedOracle):
    """Base of both oracles.

    Args:
        max_epochs: Epochs of each trial.
        options: Further arguments of the oracle.
    """

    def __init__(self, *, max_epochs: int, **options: Any) -> None:
        super().__init__(**options)
        self._rung = {"tuner/epochs": max_epochs, "tuner/initial_epoch": 0, "tuner/bracket": 0, "tuner/round": 0}

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Choose a trial's values, or none if all settings have been tried."""
        response: dict[str, Any] = super().populate_space(trial_id)
        if response["values"] is None:
            return {"status": "STOPPED", "values": None}
        return {**response, "values": {**response["values"], **self._rung}}

    def _compute_values_hash(self, values: Values) -> str:
        settings = {name: value for name, value in values.items() if name not in self._rung}
        return str(super()._compute_values_hash(settings))


class RandomOracle(_OneRungOracle, kt.oracles.RandomSearchOracle):  # type: ignore[misc]
    """Draws the settings of each trial at random, none twice."""


class BayesianOracle(_OneRungOracle, kt.oracles.BayesianOptimizationOracle):  # type: ignore[misc]
    """Chooses settings for which a Gaussian process, fitted to the scores of earlier trials, expects a low score.

    The methods below replace behaviour of Keras Tuner 1.4.8; `tests/tuning/test_one_rung_oracles.py` checks that
    behaviour on Keras Tuner's own class.

    Raises:
        ParamsError: scikit-learn is not installed.
    """

    def __init__(self, **options: Any) -> None:
        if importlib.util.find_spec("sklearn") is None:
            msg = "tune.tuner: bayesian needs scikit-learn, which is not installed; run pip install 'agelens[train]'."
            raise ParamsError(msg)
        super().__init__(**options)
        self.ongoing_trials: dict[str, Any]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Choose a trial's values, the same ones whether or not the search was stopped before, and none twice.

        Upstream does not store the state of its random generator, and chooses settings again that it has tried.
        """
        self._random_state = np.random.RandomState(self.seed + len(self.trials))
        return super().populate_space(trial_id)

    def _vector_to_values(self, vector: Any) -> Values | None:
        """Return the settings at the expected optimum, or random ones if these have been tried."""
        values: Values = super()._vector_to_values(vector)
        return self._random_values() if self._duplicate(values) else values

    def _vectorize_trials(self) -> Any:
        """Return settings and scores of the trials, with expected scores of those that are running.

        Upstream asks a Gaussian process for the latter that may not have been fitted yet; it answers 1 year, lower
        than any score, and the search stays near these settings.
        """
        trials, running = self.trials, self.ongoing_trials
        finished = {name: trial for name, trial in trials.items() if trial.status in {"COMPLETED", "FAILED"}}
        try:
            self.trials, self.ongoing_trials = finished, {}
            settings, scores = super()._vectorize_trials()
            if running:
                self.gpr.fit(settings, scores)
                self.trials = finished | {trial.trial_id: trial for trial in running.values()}
                self.ongoing_trials = running
                settings, scores = super()._vectorize_trials()
        finally:
            self.trials, self.ongoing_trials = trials, running
        return settings, scores
