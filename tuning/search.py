"""The search with Keras Tuner; it can be stopped and resumed, and several processes can share it.

Keras Tuner reads the role of a process from the environment: with `KERASTUNER_ORACLE_IP`, `KERASTUNER_ORACLE_PORT` and
`KERASTUNER_TUNER_ID` set, a process is the chief, which creates trials and trains none, or a worker, which trains them.
"""

import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner as kt
import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import ParamsError
from agelens.models.training.history import MONITOR
from agelens.tuning.keras_tuner_patches import POLL_SECONDS, PatchedHyperbandOracle, PatchedOracle, PatchedTuner
from agelens.tuning.model_factory import EpochLogs, ModelFactory, fast_garbage_collection
from agelens.tuning.one_rung_oracles import BayesianOracle, RandomOracle
from agelens.tuning.search_config import SearchConfig
from agelens.tuning.search_progress import SearchListener, search_progress, trial_info, trials_table
from agelens.tuning.space import SearchSpace, sample
from agelens.tuning.state_files import DamagedState
from agelens.tuning.trial_logs import read_epochs, write_trial_log

FOLDER_PREFIX = "search_"
"""Prefix of the folder of a search; its fingerprint follows."""

FINISHED = "finished.json"
"""File in the folder of a search that is written when no trial is left."""

CHIEF_TIMEOUT = 600.0
"""Seconds that a worker waits for its chief to start the search."""


class TrialLimitReached(Exception):
    """This process has trained the maximum number of trials; the search may not be finished."""


class _HyperModel(kt.HyperModel):  # type: ignore[misc]
    """Builds and trains a model from Keras Tuner's hyperparameters."""

    def __init__(self, factory: ModelFactory, space: SearchSpace, *, seed: int) -> None:
        super().__init__()
        self.factory, self.space, self.seed = factory, space, seed
        self.on_epoch_end: Callable[[EpochLogs], None] = lambda _: None

    def build(self, hp: Any) -> Any:
        """Build a model; all models are initialised with the same seed."""
        keras.utils.set_random_seed(self.seed)
        values = dict(hp.values)  # lacks the "tuner/" keys when Keras Tuner builds a model to register the space
        epochs = values.get("tuner/epochs", 1) - values.get("tuner/initial_epoch", 0)
        return self.factory.build(sample(hp, self.space), epochs)

    def fit(self, hp: Any, model: Any, **options: Any) -> Any:
        """Train a model."""
        settings = sample(hp, self.space)
        return self.factory.fit(model, settings, seed=self.seed, on_epoch_end=self.on_epoch_end, **options)


class _Tuner(PatchedTuner):
    """Reports epochs and trials, and stops after a maximum number of trials."""

    def __init__(
        self,
        oracle: PatchedOracle,
        model: _HyperModel,
        *,
        listener: SearchListener,
        max_trials: int | None,
        **options: Any,
    ) -> None:
        self._listener, self._model = listener, model
        self._max_trials, self._trained = max_trials, 0
        super().__init__(oracle, model, **options)

    def pre_create_trial(self) -> None:
        """Stop if this process has trained the maximum number of trials."""
        if self._max_trials is not None and self._trained >= self._max_trials:
            raise TrialLimitReached
        super().pre_create_trial()

    def run_trial(self, trial: Any, *args: Any, **options: Any) -> Any:
        """Train a trial and report its epochs."""
        info, logs = trial_info(trial), list[EpochLogs]()

        def on_epoch_end(epoch: EpochLogs) -> None:
            logs.append(epoch)
            self._listener.on_epoch_end(info, epoch)

        self._model.on_epoch_end = on_epoch_end
        self._trained += 1
        results = super().run_trial(trial, *args, **options)
        write_trial_log(Path(self.get_trial_dir(trial.trial_id)), logs)
        self._listener.on_trial_end(info, logs)
        return results


def run_search(
    factory: ModelFactory,
    *,
    space: SearchSpace,
    config: SearchConfig,
    folder: Path,
    fingerprint: str,
    listener: SearchListener | None = None,
    max_trials: int | None = None,
) -> pd.DataFrame:
    """Search for the settings with the lowest validation MAE.

    Args:
        factory: Builds and trains the model of a trial.
        space: Domain of each setting that is searched.
        config: The tuner and its budget.
        folder: Folder for the state of the search; a search that was stopped resumes from it.
        fingerprint: Identifies features and settings. Keras Tuner would resume an older search without an error, so
            another fingerprint starts another search.
        listener: Functions to call while the search runs.
        max_trials: Stop after so many trials; another call resumes the search.

    Returns:
        One row per trial, best first: the settings, `val_age_mae` in years, `epochs`, `bracket`, `round`, `trial` and
        `parent`. No rows in a worker; its chief returns them.

    Raises:
        TrialLimitReached: This process trained `max_trials` trials; the search may not be finished.
    """
    listener = listener or SearchListener()

    def open_tuner() -> tuple[_Tuner, PatchedOracle]:
        return _open_tuner(factory, space, config, folder=folder, name=name, listener=listener, max_trials=max_trials)

    name = FOLDER_PREFIX + fingerprint
    try:
        tuner, oracle = open_tuner()
    except DamagedState as damaged:
        listener.on_damage(f"{damaged} is damaged, so the search starts again")
        shutil.rmtree(folder / name)
        tuner, oracle = open_tuner()
    tuner.save()
    oracle.after_trial()
    with warnings.catch_warnings(), fast_garbage_collection():
        # Keras Tuner loads the weights of its parent into a promoted trial, but intentionally not the state of AdamW.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        # The length scale of a setting without influence grows to its bound.
        warnings.filterwarnings("ignore", module="sklearn")
        tuner.search(verbose=0)
    if not tuner.is_worker:
        write_json(folder / name / FINISHED, {"trials": len(oracle.trials)})
    return trials_table([] if tuner.is_worker else oracle.trials.values(), settings=tuple(space))


def _open_tuner(
    factory: ModelFactory,
    space: SearchSpace,
    config: SearchConfig,
    *,
    folder: Path,
    name: str,
    listener: SearchListener,
    max_trials: int | None,
) -> tuple[_Tuner, PatchedOracle]:
    """Return the tuner of a search and its oracle, with the stored trials; in a worker, `tuner.oracle` is a client.

    Raises:
        DamagedState: A file of the search is not as it was written.
    """
    oracle = _make_oracle(config, settings=len(space))
    oracle.after_trial = lambda: listener.on_progress(search_progress(oracle.trials.values()))
    tuner = _Tuner(
        oracle,
        _HyperModel(factory, space, seed=config.seed),
        listener=listener,
        max_trials=max_trials,
        directory=str(folder),
        project_name=name,
        overwrite=False,
    )
    for trial in oracle.trials.values():
        if trial.status == "COMPLETED":
            read_epochs(Path(tuner.get_trial_dir(trial.trial_id)))
    return tuner, oracle


def _make_oracle(config: SearchConfig, *, settings: int) -> PatchedOracle:
    """Return the oracle of a search of some settings."""
    common = {"objective": kt.Objective(MONITOR, "min"), "max_epochs": config.max_epochs, "seed": config.seed}
    if config.tuner == "hyperband":
        return PatchedHyperbandOracle(**common, factor=config.factor, hyperband_iterations=config.iterations)
    if config.tuner == "random":
        return RandomOracle(**common, max_trials=config.budget.trials)
    return BayesianOracle(
        **common,
        max_trials=config.budget.trials,
        num_initial_points=config.initial_points_for(settings),
        beta=config.exploration,
    )


def search_is_finished(folder: Path, *, fingerprint: str) -> bool:
    """Return whether no trial of the search with a fingerprint is left to train."""
    return (search_folder(folder, fingerprint=fingerprint) / FINISHED).is_file()


def search_folder(folder: Path, *, fingerprint: str) -> Path:
    """Return the folder of one search below the folder of all searches."""
    return folder / f"{FOLDER_PREFIX}{fingerprint}"


def wait_for_chief(folder: Path, *, fingerprint: str, timeout: float = CHIEF_TIMEOUT) -> None:
    """Wait until a chief has started the search with this fingerprint; a worker must not join another search.

    Args:
        folder: Folder of all searches.
        fingerprint: Of the search.
        timeout: Seconds to wait.

    Raises:
        ParamsError: No chief has started it in time.
    """
    deadline = time.monotonic() + timeout
    state = search_folder(folder, fingerprint=fingerprint) / "oracle.json"
    while not state.is_file():
        if time.monotonic() > deadline:
            msg = (
                f"No chief has started the search {state.parent} within {timeout:g} s. Start a chief in the same "
                "project folder; rows, features and params.yaml must be the same for chief and workers."
            )
            raise ParamsError(msg)
        time.sleep(POLL_SECONDS)


def remove_other_searches(folder: Path, *, fingerprint: str) -> None:
    """Remove the state of searches with other fingerprints; they can never be resumed."""
    for state in folder.glob(f"{FOLDER_PREFIX}*"):
        if state != search_folder(folder, fingerprint=fingerprint):
            shutil.rmtree(state)
