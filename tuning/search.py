"""The Hyperband search: Keras Tuner over heads on cached features, stopped and resumed at will."""

import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import keras_tuner as kt
import pandas as pd

from models.heads import HeadConfig, build_head
from models.history import MONITOR
from models.objective import Objective, compile_model
from tuning.space import SearchSpace, choose_head

SETTINGS = ("units", "dropout", "learning_rate")

PREFIX = "search_"
"""A search's folder is called so, followed by its fingerprint."""


@dataclass(frozen=True)
class SearchConfig:
    """A search's budget; see `tuning.budget.hyperband_budget`."""

    max_epochs: int = 20
    factor: int = 3
    iterations: int = 2
    seed: int = 0


class HeadSearch(kt.Hyperband):  # type: ignore[misc]
    """Hyperband that reports each finished trial and runs without TensorBoard.

    Keras Tuner imports a TensorBoard plugin for every trial, which TensorFlow no longer installs, and each trial
    would fail with it.
    """

    def __init__(self, *args: Any, finished: Callable[[float], None], **options: Any) -> None:
        self._finished = finished
        super().__init__(*args, **options)

    def _configure_tensorboard_dir(self, callbacks: Any, trial: Any, execution: int = 0) -> None:
        """Do nothing; see the class."""

    def on_trial_end(self, trial: Any) -> None:
        """Report the trial's score."""
        super().on_trial_end(trial)
        self._finished(float(trial.score) if trial.score is not None else float("nan"))


def search_heads(  # noqa: PLR0913  one argument for each thing that a search is made of
    training: Any,
    validation: Any,
    *,
    steps: int,
    features: int,
    groups: int,
    base: HeadConfig,
    objective: Objective,
    space: SearchSpace,
    config: SearchConfig,
    folder: Path,
    fingerprint: str,
    start_age: float,
    finished: Callable[[float], None] = lambda _: None,
) -> pd.DataFrame:
    """Search for the head with the lowest validation MAE.

    Args:
        training: Endless dataset of features, targets and weights.
        validation: Dataset of validation features and targets.
        steps: Batches of an epoch.
        features: Width of the features.
        groups: Number of age groups.
        base: The untuned head; the search replaces some of its settings.
        objective: What is trained for.
        space: What may be chosen.
        config: The budget.
        folder: Where the search keeps its state; it goes on from there if it was stopped.
        fingerprint: Names features and settings. Keras Tuner would silently go on with an older search's settings,
            so another fingerprint is another search.
        start_age: Years that an untrained linear head answers.
        finished: Called with the score of each finished trial.

    Returns:
        One row per trial, best first: the settings, `val_age_mae`, `epochs`, `bracket`, `round`, `trial`.
    """

    def build(hp: Any) -> Any:
        keras.utils.set_random_seed(config.seed)
        head_config, learning_rate = choose_head(hp, space, base=base)
        head = build_head(head_config, features=features, groups=groups, start_age=start_age)
        compile_model(head, objective, optimizer=keras.optimizers.AdamW(learning_rate, weight_decay=0.0))
        return head

    tuner = HeadSearch(
        build,
        objective=kt.Objective(MONITOR, "min"),
        max_epochs=config.max_epochs,
        factor=config.factor,
        hyperband_iterations=config.iterations,
        seed=config.seed,
        directory=str(folder),
        project_name=PREFIX + fingerprint,
        overwrite=False,
        finished=finished,
    )
    with warnings.catch_warnings():
        # A promoted head takes over its weights; that AdamW starts afresh is part of Keras Tuner's Hyperband.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        tuner.search(training, steps_per_epoch=steps, validation_data=validation, shuffle=False, verbose=0)
    return trials_table(tuner.oracle.trials.values())


def remove_other_searches(folder: Path, *, fingerprint: str) -> None:
    """Remove the state of searches with another fingerprint: nothing ever goes on with them."""
    for state in folder.glob(f"{PREFIX}*"):
        if state.name != PREFIX + fingerprint:
            shutil.rmtree(state)


def trials_table(trials: Any) -> pd.DataFrame:
    """Return Keras Tuner's finished trials as a table, best first, without the tuner's own keys."""
    rows = [
        {
            **{name: trial.hyperparameters.get(name) for name in SETTINGS},
            MONITOR: trial.score,
            **{name: trial.hyperparameters.get(f"tuner/{name}") for name in ("epochs", "bracket", "round")},
            "trial": trial.trial_id,
        }
        for trial in trials
        if trial.score is not None
    ]
    columns = [*SETTINGS, MONITOR, "epochs", "bracket", "round", "trial"]
    return pd.DataFrame(rows, columns=columns).sort_values([MONITOR, "trial"], ignore_index=True)
