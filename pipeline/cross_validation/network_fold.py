"""The stages after the split, run on one fold in a folder of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.tables import SPLIT, write_table
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths

FOLD_STAGES = ("rebalance", "cache_features", "train", "calibrate", "evaluate", "report")


@dataclass(frozen=True)
class FoldPaths(Paths):
    """The files of one fold, which shares the crops and the tables of rejected rows with the project.

    Args:
        root: The folder of the fold.
        project: The files of the project.
    """

    project: Paths = Paths()  # noqa: RUF009  frozen, and the default root

    @property
    def wandb(self) -> Path:
        """W&B runs of the project."""
        return self.project.wandb

    @property
    def tracking(self) -> Path:
        """What stages remember of the project's W&B runs."""
        return self.project.tracking

    @property
    def crops(self) -> Path:
        """Face crops of the project."""
        return self.project.crops

    @property
    def manifest_rejected(self) -> Path:
        """Rejected files and lines of the project."""
        return self.project.manifest_rejected

    @property
    def faces_rejected(self) -> Path:
        """Rejected images of the project."""
        return self.project.faces_rejected

    @property
    def grouped_rejected(self) -> Path:
        """Duplicates and conflicts of the project."""
        return self.project.grouped_rejected


def run_stages(
    params: Params, splits: Mapping[str, pd.DataFrame], *, fold: FoldPaths, epochs: int
) -> Mapping[str, Any]:
    """Train, calibrate and evaluate the whole network on one fold; an interrupted training resumes.

    Args:
        params: The settings. The head is not tuned, whatever `train.use_tuned` is.
        splits: `train`, `val` and `test`; follow SPLIT.
        fold: The files of the fold.
        epochs: Epochs of phase 2.

    Returns:
        The content of the fold's overall.json.
    """
    for path in (fold.split_train, fold.split_val, fold.split_test):
        write_table(path, splits[path.stem], SPLIT)
    phase2 = params.train.phase2.model_copy(update={"epochs": epochs})
    train = params.train.model_copy(update={"use_tuned": False, "phase2": phase2})
    for stage in FOLD_STAGES:
        import_module(f"agelens.pipeline.stages.{stage}").run(params.model_copy(update={"train": train}), fold)
    metrics: dict[str, Any] = json.loads(fold.overall.read_text())
    return metrics
