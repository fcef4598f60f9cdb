"""Progress of a search: the position of each trial, what is finished, and the table of all trials."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from agelens.models.training.history import MONITOR
from agelens.tuning.model_factory import EpochLogs
from agelens.tuning.recipe import Settings

TRIAL_COLUMNS = ("epochs", "bracket", "round", "trial", "parent")
"""Columns of the table of trials after the settings and the score."""


@dataclass(frozen=True)
class TrialInfo:
    """A trial and its position in the search.

    Args:
        trial: Its id.
        settings: Its settings.
        bracket: Number of its bracket; bracket b has b + 1 rounds.
        round: Round of the bracket, from 0.
        initial_epoch: Epochs that the trial that it continues has trained; 0 in round 0.
        epochs: Epochs that it has trained at its end.
        parent: The trial that it continues; None in round 0.
    """

    trial: str
    settings: Settings
    bracket: int
    round: int
    initial_epoch: int
    epochs: int
    parent: str | None = None


@dataclass(frozen=True)
class SearchProgress:
    """Finished trials and epochs, the lowest validation MAE in years (NaN if none), and the number of failed trials."""

    trials: int
    epochs: int
    best: float
    failed: int


@dataclass(frozen=True)
class SearchListener:
    """Functions that a search calls while it runs.

    Args:
        on_epoch_end: Called after each epoch that this process trains.
        on_trial_end: Called after each trial that this process trains, with the logs of its epochs.
        on_progress: Called at the start and after each trial of all processes; not called in workers.
        on_damage: Called with a sentence where the stored state of a search is damaged, and the search starts again.
    """

    on_epoch_end: Callable[[TrialInfo, EpochLogs], None] = lambda _info, _logs: None
    on_trial_end: Callable[[TrialInfo, list[EpochLogs]], None] = lambda _info, _logs: None
    on_progress: Callable[[SearchProgress], None] = lambda _: None
    on_damage: Callable[[str], None] = lambda _: None


def trial_info(trial: Any) -> TrialInfo:
    """Return settings and position of one of Keras Tuner's trials."""
    values = dict(trial.hyperparameters.values)
    return TrialInfo(
        trial=trial.trial_id,
        settings={name: value for name, value in values.items() if not name.startswith("tuner/")},
        bracket=values["tuner/bracket"],
        round=values["tuner/round"],
        initial_epoch=values["tuner/initial_epoch"],
        epochs=values["tuner/epochs"],
        parent=values.get("tuner/trial_id"),
    )


def search_progress(trials: Collection[Any]) -> SearchProgress:
    """Return the progress of a search from Keras Tuner's trials."""
    finished = [trial_info(trial) for trial in trials if trial.status in {"COMPLETED", "FAILED"}]
    scores = [trial.score for trial in trials if trial.status == "COMPLETED"]
    return SearchProgress(
        trials=len(finished),
        epochs=sum(info.epochs - info.initial_epoch for info in finished),
        best=min(scores, default=float("nan")),
        failed=len(finished) - len(scores),
    )


def trials_table(trials: Collection[Any], *, settings: tuple[str, ...]) -> pd.DataFrame:
    """Return Keras Tuner's finished trials as a table, lowest validation MAE first."""
    rows = [
        {**info.settings, MONITOR: score, **{name: getattr(info, name) for name in TRIAL_COLUMNS}}
        for info, score in ((trial_info(trial), trial.score) for trial in trials if trial.status == "COMPLETED")
    ]
    columns = [*settings, MONITOR, *TRIAL_COLUMNS]
    return pd.DataFrame(rows, columns=columns).sort_values([MONITOR, "trial"], ignore_index=True)
