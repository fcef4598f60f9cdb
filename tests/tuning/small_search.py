"""A search on a few random features, which takes seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.batches.dataset import make_feature_dataset
from agelens.models.network.heads import HeadConfig
from agelens.models.training.objective import loss_weights_of, targets_of
from agelens.tuning.model_factory import EpochLogs, ModelFactory, TrialData
from agelens.tuning.recipe import Recipe, Settings, build_recipe
from agelens.tuning.search import run_search
from agelens.tuning.search_config import SearchConfig
from agelens.tuning.search_progress import SearchListener, SearchProgress, TrialInfo
from agelens.tuning.space import Choices, Range, SearchSpace
from tests.factories import split_rows

ROWS, BATCH, FEATURES, GROUPS = 16, 8, 6, 5
TABLE = split_rows(ROWS, ages=[5, 20, 35, 50, 70])
SPACE: SearchSpace = {
    "units": Choices((2, 4, 8)),
    "dropout": Range(0.0, 0.2, step=0.1),
    "learning_rate": Range(0.01, 0.1, log=True),
    "age_head": Choices(("linear", "distribution")),
}
CONFIG = SearchConfig(max_epochs=3, factor=3, iterations=1, seed=3)
UNTUNED = Recipe(HeadConfig(units=3, age_head="linear"), learning_rate=0.05)


def small_factory(untuned: Recipe = UNTUNED) -> ModelFactory:
    """Return a factory of heads on the same random features."""
    features = np.random.default_rng(0).normal(size=(1, ROWS, FEATURES)).astype(np.float16)

    def build(settings: Settings, epochs: int) -> Any:
        recipe = untuned.with_settings(settings)
        return build_recipe(
            recipe, features=FEATURES, groups=GROUPS, start_age=36.0, epochs=epochs, steps=ROWS // BATCH
        )

    def data(_: Settings, outputs: Mapping[str, Any], seed: int) -> TrialData:
        targets, weights = targets_of(TABLE, outputs), loss_weights_of(TABLE, outputs)
        copies = np.ones(ROWS, np.int64)
        training, steps = make_feature_dataset(
            features, targets, weights=weights, copies=copies, batch_size=BATCH, seed=seed
        )
        return training, steps, (features[0].astype(np.float32), targets)

    return ModelFactory(build, data)


def folders_in(folder: Path) -> set[str]:
    """Return the names of the entries of a folder."""
    return {path.name for path in folder.iterdir()}


class Stopped(BaseException):
    """An interruption such as Ctrl-C, at a moment that the test chooses."""


@dataclass
class Recorder:
    """Records all calls of a listener, and raises `Stopped` in the first epoch of the trial `stop_in`."""

    stop_in: str | None = None
    epochs: list[tuple[str, int]] = field(default_factory=list)
    trials: list[tuple[TrialInfo, list[EpochLogs]]] = field(default_factory=list)
    progress: list[SearchProgress] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    @property
    def listener(self) -> SearchListener:
        return SearchListener(
            self.record_epoch,
            lambda info, logs: self.trials.append((info, logs)),
            self.progress.append,
            self.damage.append,
        )

    def record_epoch(self, info: TrialInfo, logs: EpochLogs) -> None:
        self.epochs.append((info.trial, int(logs["epoch"])))
        if info.trial == self.stop_in:
            raise Stopped


def search(
    folder: Path,
    *,
    fingerprint: str,
    space: SearchSpace = SPACE,
    config: SearchConfig = CONFIG,
    recorder: Recorder | None = None,
) -> tuple[pd.DataFrame, Recorder]:
    recorder = recorder or Recorder()
    trials = run_search(
        small_factory(),
        space=space,
        config=config,
        folder=folder,
        fingerprint=fingerprint,
        listener=recorder.listener,
    )
    return trials, recorder
