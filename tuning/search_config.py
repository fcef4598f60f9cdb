"""Which tuner a search uses, and how many trials and epochs it trains."""

from dataclasses import dataclass
from typing import Literal

from agelens.tuning.budget import Budget, hyperband_budget

TunerName = Literal["hyperband", "bayesian", "random"]

INITIAL_POINTS_PER_SETTING = 3
"""Keras Tuner's default."""


@dataclass(frozen=True)
class SearchConfig:
    """The tuner of a search and its budget.

    Args:
        tuner: `hyperband` stops most trials early; `random` and `bayesian` train each for `max_epochs`.
        max_epochs: Epochs of a trial at most.
        factor: Hyperband promotes one trial in so many.
        iterations: How often Hyperband runs all its brackets.
        max_trials: Trials of `random` and `bayesian`; 0 means as many as Hyperband's epochs suffice for.
        initial_points: Random trials before `bayesian` models the scores; 0 means three for each setting that is
            searched, but at most half of the trials.
        exploration: How much `bayesian` prefers settings with an uncertain score to those with a low expected score:
            it minimizes mean - exploration * standard deviation.
        seed: Of the choice of settings, and of the weights of all models.
    """

    tuner: TunerName = "hyperband"
    max_epochs: int = 20
    factor: int = 3
    iterations: int = 2
    max_trials: int = 0
    initial_points: int = 0
    exploration: float = 2.6
    seed: int = 0

    @property
    def budget(self) -> Budget:
        """The number of trials and epochs."""
        halving = hyperband_budget(max_epochs=self.max_epochs, factor=self.factor, iterations=self.iterations)
        if self.tuner == "hyperband":
            return halving
        trials = self.max_trials or max(1, halving.epochs // self.max_epochs)
        return Budget(trials=trials, epochs=trials * self.max_epochs)

    def used_settings(self) -> dict[str, str | int | float]:
        """Return the settings that the tuner uses, and instead of a budget the number of trials that it gives."""
        used: dict[str, str | int | float] = {"tuner": self.tuner, "max_epochs": self.max_epochs}
        if self.tuner == "hyperband":
            return used | {"factor": self.factor, "iterations": self.iterations}
        used["trials"] = self.budget.trials
        if self.tuner == "bayesian":
            used |= {"initial_points": self.initial_points, "exploration": self.exploration}
        return used

    def initial_points_for(self, settings: int) -> int:
        """Return the number of random trials of `bayesian`, given the number of settings that are searched."""
        most = max(1, self.budget.trials // 2)
        return self.initial_points or min(INITIAL_POINTS_PER_SETTING * settings, most)
