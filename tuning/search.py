"""The Hyperband search: Keras Tuner, made to stop and go on without losing or repeating a trial, alone or with workers.

Keras Tuner takes its part in a search from the environment: with `KERASTUNER_ORACLE_IP`, `..._PORT` and
`KERASTUNER_TUNER_ID` a process is the chief, who deals trials and trains none, or a worker, who trains them.
"""

import contextlib
import io
import os
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import keras_tuner as kt
import pandas as pd

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.errors import ParamsError
from agelens.models.training.history import MONITOR
from agelens.tuning.candidates import Candidates, Log, quick_collection
from agelens.tuning.hyperband_oracle import HyperbandDealer
from agelens.tuning.search_progress import UNWATCHED, Watch, place_of, standing_of, trials_table
from agelens.tuning.space import Space, choose

PREFIX = "search_"
"""A search's folder is called so, followed by its fingerprint."""

WORKER_PAUSE_SECONDS = 0.2
"""Between two questions of a worker: the chief answers "idle" at once, and would be asked thousands of times."""


CHIEF_SECONDS = 600
"""How long a worker waits for its chief to begin."""


@dataclass(frozen=True)
class SearchConfig:
    """A search's budget; see `agelens.tuning.budget.hyperband_budget`."""

    max_epochs: int = 20
    factor: int = 3
    iterations: int = 2
    seed: int = 0


class ShareDone(Exception):
    """A process has trained as many trials as it was to."""


class _Model(kt.HyperModel):  # type: ignore[misc]
    """From Keras Tuner's hyperparameters to a candidate and its training."""

    def __init__(self, candidates: Candidates, space: Space, *, seed: int) -> None:
        super().__init__()
        self.candidates, self.space, self.seed = candidates, space, seed
        self.finished: Callable[[Log], None] = lambda _: None

    def build(self, hp: Any) -> Any:
        """Build a candidate; every one starts from the same seed."""
        keras.utils.set_random_seed(self.seed)
        values = dict(hp.values)  # without the tuner's own when Keras Tuner looks which settings there are
        epochs = values.get("tuner/epochs", 1) - values.get("tuner/initial_epoch", 0)
        return self.candidates.build(choose(hp, self.space), epochs)

    def fit(self, hp: Any, model: Any, **options: Any) -> Any:
        """Train a candidate."""
        settings = choose(hp, self.space)
        return self.candidates.fit(model, settings, seed=self.seed, finished=self.finished, **options)


class _Tuner(kt.Hyperband):  # type: ignore[misc]
    """Hyperband that reports, and runs without TensorBoard.

    Keras Tuner imports a TensorBoard plugin for every trial, which TensorFlow no longer installs, and each trial
    would fail with it.
    """

    def __init__(
        self, oracle: HyperbandDealer, model: _Model, *, watch: Watch, most: int | None, **options: Any
    ) -> None:
        self._watch, self._fitting = watch, model
        self._most, self._trained = most, 0
        super(kt.Hyperband, self).__init__(oracle=oracle, hypermodel=model, **options)

    @property
    def is_worker(self) -> bool:
        """Whether a chief elsewhere deals the trials."""
        return bool(self._is_worker())

    def _get_tuner_fname(self) -> str:
        """Return a name that is the same for a search alone and a chief, who may so take over from each other."""
        name = self.tuner_id if self.is_worker else "tuner"
        return os.path.join(self.project_dir, f"{name}.json")  # noqa: PTH118  Keras Tuner wants text

    def save(self) -> None:
        """Write the state; the tuner itself has none, but without its file Keras Tuner would begin anew."""
        if not self.is_worker:
            self.oracle.save()
        write_text(Path(self._get_tuner_fname()), "{}")

    def _configure_tensorboard_dir(self, callbacks: Any, trial: Any, execution: int = 0) -> None:
        """Do nothing; see the class."""

    def pre_create_trial(self) -> None:
        """Let a worker wait a little before it asks the chief, or leave if it has done its share."""
        if self._most is not None and self._trained >= self._most:
            raise ShareDone
        if self.is_worker:
            time.sleep(WORKER_PAUSE_SECONDS)

    def run_trial(self, trial: Any, *args: Any, **options: Any) -> Any:
        """Train a trial and report its epochs."""
        place, logs = place_of(trial), list[Log]()

        def finished(log: Log) -> None:
            logs.append(log)
            self._watch.epoch(place, log)

        self._fitting.finished = finished
        self._trained += 1
        results = super().run_trial(trial, *args, **options)
        self._watch.trained(place, logs)
        return results


def run_search(
    candidates: Candidates,
    *,
    space: Space,
    config: SearchConfig,
    folder: Path,
    fingerprint: str,
    watch: Watch = UNWATCHED,
    most: int | None = None,
) -> pd.DataFrame:
    """Search for the candidate with the lowest validation MAE.

    Args:
        candidates: What settings stand for.
        space: What may be chosen.
        config: The budget.
        folder: Where the search keeps its state; it goes on from there if it was stopped.
        fingerprint: Names features and settings. Keras Tuner would silently go on with an older search's settings,
            so another fingerprint is another search.
        watch: Who is told of it.
        most: Leave after so many trials; the search goes on when it is called again.

    Returns:
        One row per trial, best first: the settings, `val_age_mae`, `epochs`, `bracket`, `round`, `trial`. A worker
        returns no rows: its chief has them.

    Raises:
        ShareDone: `most` trials were trained, and the search may not have ended.
    """
    oracle = HyperbandDealer(
        standing=watch.standing,
        objective=kt.Objective(MONITOR, "min"),
        max_epochs=config.max_epochs,
        factor=config.factor,
        hyperband_iterations=config.iterations,
        seed=config.seed + 1,  # Keras Tuner takes 0 for "none" and draws one
    )
    model = _Model(candidates, space, seed=config.seed)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints that it reloads
        tuner = _Tuner(
            oracle,
            model,
            watch=watch,
            most=most,
            directory=str(folder),
            project_name=PREFIX + fingerprint,
            overwrite=False,
        )
    tuner.save()
    watch.standing(standing_of(oracle.trials.values()))
    with warnings.catch_warnings(), quick_collection():
        # A promoted head takes over its weights; that AdamW starts afresh is part of Keras Tuner's Hyperband.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        tuner.search(verbose=0)
    return trials_table([] if tuner.is_worker else oracle.trials.values(), settings=tuple(space))


def check_chief(folder: Path, *, fingerprint: str, wait_seconds: float = CHIEF_SECONDS) -> None:
    """Wait until a chief has begun this very search; a worker with other settings would spoil another one.

    Raises:
        ParamsError: None has.
    """
    deadline = time.monotonic() + wait_seconds
    state = folder / f"{PREFIX}{fingerprint}/oracle.json"
    while not state.is_file():
        if time.monotonic() > deadline:
            msg = (
                f"No chief has begun {state.parent} within {wait_seconds:g} s. Start one, and let chief and workers "
                "share the project folder: rows, features and params.yaml must be the same."
            )
            raise ParamsError(msg)
        time.sleep(WORKER_PAUSE_SECONDS)


def remove_other_searches(folder: Path, *, fingerprint: str) -> None:
    """Remove the state of searches with another fingerprint: nothing ever goes on with them."""
    for state in folder.glob(f"{PREFIX}*"):
        if state.name != PREFIX + fingerprint:
            shutil.rmtree(state)
