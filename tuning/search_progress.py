"""How far a search has come: a trial's place in it, what is done, who is told, and the table of all trials."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from agelens.models.training.history import MONITOR
from agelens.tuning.candidates import Log
from agelens.tuning.recipe import Settings

PLACE = ("epochs", "bracket", "round", "trial")
"""Columns of the table of trials beside the settings and the score."""


@dataclass(frozen=True)
class TrialPlace:
    """A trial and its place in the search: it is trained from epoch `begins` to `epochs` in a round of a bracket."""

    trial: str
    settings: Settings
    bracket: int
    round: int
    begins: int
    epochs: int


@dataclass(frozen=True)
class Standing:
    """How far a search has come: trials and epochs that are done, the best score, and the trials that failed."""

    trials: int
    epochs: int
    best: float
    failed: int


@dataclass(frozen=True)
class Watch:
    """Who is told of a search.

    Args:
        epoch: After each epoch that is trained in this process.
        trained: After each trial that was trained in this process, with the logs of its epochs.
        standing: At the start and after each trial of all processes; workers are not told.
    """

    epoch: Callable[[TrialPlace, Log], None] = lambda _place, _log: None
    trained: Callable[[TrialPlace, list[Log]], None] = lambda _place, _logs: None
    standing: Callable[[Standing], None] = lambda _: None


UNWATCHED = Watch()
"""Nobody is told."""


def place_of(trial: Any) -> TrialPlace:
    """Return a trial's settings and place, without the tuner's own keys."""
    values = dict(trial.hyperparameters.values)
    return TrialPlace(
        trial=trial.trial_id,
        settings={name: value for name, value in values.items() if not name.startswith("tuner/")},
        bracket=values["tuner/bracket"],
        round=values["tuner/round"],
        begins=values["tuner/initial_epoch"],
        epochs=values["tuner/epochs"],
    )


def standing_of(trials: Collection[Any]) -> Standing:
    """Return how far a search has come."""
    done = [place_of(trial) for trial in trials if trial.status in {"COMPLETED", "FAILED"}]
    scores = [trial.score for trial in trials if trial.status == "COMPLETED"]
    return Standing(
        trials=len(done),
        epochs=sum(place.epochs - place.begins for place in done),
        best=min(scores, default=float("nan")),
        failed=len(done) - len(scores),
    )


def trials_table(trials: Collection[Any], *, settings: tuple[str, ...]) -> pd.DataFrame:
    """Return Keras Tuner's finished trials as a table, best first."""
    rows = [
        {**place.settings, MONITOR: score, **{name: getattr(place, name) for name in PLACE}}
        for place, score in ((place_of(trial), trial.score) for trial in trials if trial.status == "COMPLETED")
    ]
    return pd.DataFrame(rows, columns=[*settings, MONITOR, *PLACE]).sort_values([MONITOR, "trial"], ignore_index=True)
