"""`agelens protocol`: cross-validation of one source, by default the five folds that published figures are given on."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import GROUPED, SPLIT, read_table, write_table
from agelens.data_prep.splits.folds import make_folds, rotate_folds
from agelens.pipeline.config.fingerprints import FEATURE_CODE, TRAIN_CODE, TUNE_CODE, code_hash, fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.cross_validation.frozen_head import extract_features, try_head
from agelens.pipeline.progress import say

Scope = Literal["head", "network"]
Judge = Callable[[dict[str, pd.DataFrame], int], Mapping[str, Any]]
"""From the splits of a fold and its number to its metrics."""

STAGES = ("rebalance", "cache_features", "train", "calibrate", "evaluate", "report")
"""What a fold of the whole network runs, in a folder of its own."""

FIGURES = ("mae", "raw_mae", "rmse", "cs5", "bias", "group_accuracy", "group_accuracy_one_off", "coverage")

CODE = (
    *FEATURE_CODE,
    *TUNE_CODE,
    *TRAIN_CODE,
    "agelens.data_prep.splits.folds",
    "agelens.data_prep.splits.rebalance",
    "agelens.data_prep.splits.split",
    "agelens.models.calibration.bias",
    "agelens.models.calibration.calibration",
    "agelens.models.calibration.fit",
    "agelens.models.calibration.intervals",
    "agelens.models.evaluation.metrics",
    "agelens.models.serving.predictions",
    "agelens.models.calibration.temperature",
    "agelens.pipeline.cross_validation.frozen_head",
)
"""Modules that decide what a fold comes to, of either scope."""


@dataclass(frozen=True)
class FoldPaths(Paths):
    """A project's folder for one fold, which shares its crops and its rejected rows.

    Args:
        root: Of the fold.
        project: The project itself.
    """

    project: Paths = Paths()  # noqa: RUF009  frozen, and the default root

    @property
    def crops(self) -> Path:
        """The project's."""
        return self.project.crops

    @property
    def manifest_rejected(self) -> Path:
        """The project's."""
        return self.project.manifest_rejected

    @property
    def faces_rejected(self) -> Path:
        """The project's."""
        return self.project.faces_rejected

    @property
    def grouped_rejected(self) -> Path:
        """The project's."""
        return self.project.grouped_rejected


@dataclass(frozen=True)
class Protocol:
    """What is run.

    Args:
        source: Name of the source in params.yaml.
        folds: Number of folds.
        scope: `head` trains a head on frozen features, `network` everything.
        epochs: Of the head, or of the network's second phase.
        views: Views of each training picture that a head learns from.
    """

    source: str
    folds: int
    scope: Scope
    epochs: int
    views: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.source}_{self.folds}_folds_{self.scope}_{self.epochs}_epochs"

    def label(self, params: Params) -> str:
        """Return what it cost, to stand beside every figure."""
        if self.scope == "head":
            return f"reduced: head alone on frozen features of {params.model.backbone}, {self.epochs} epochs"
        first = params.train.phase1.epochs
        return f"full: {params.model.backbone}, {first} epochs of the head, then {self.epochs} of the network"


def run_protocol(params: Params, paths: Paths, *, protocol: Protocol) -> dict[str, Any]:
    """Run every fold that has not been finished with the same settings, and write and return the summary.

    Raises:
        ParamsError: The source is not among the project's, or there are too few folds.
        DataError: `dvc repro deduplicate` has not been run.
    """
    if protocol.source not in params.sources:
        msg = f"There is no source {protocol.source} in params.yaml. Sources: {', '.join(params.sources)}."
        raise ParamsError(msg)
    rows = read_table(paths.grouped, GROUPED)
    rows = rows[rows["source"] == protocol.source].reset_index(drop=True)
    groups = AgeGroups(tuple(params.age_groups))
    turns = list(rotate_folds(make_folds(rows, count=protocol.folds, groups=groups, seed=params.seed)))
    folder, named = paths.protocol_report / protocol.name, _fingerprint(params, paths, protocol)
    results = [_finished(folder / f"fold_{turn}.json", named) for turn in range(protocol.folds)]
    if None in results:
        judge = _judge_of(params, paths, protocol, rows)
        for turn, splits in enumerate(turns):
            if results[turn] is None:
                results[turn] = _run_fold(judge, splits, turn=turn, named=named)
                write_json(folder / f"fold_{turn}.json", results[turn])
    summary = summarise_folds([result for result in results if result], protocol=protocol, label=protocol.label(params))
    write_json(folder / "summary.json", summary)
    return summary


def summarise_folds(results: list[dict[str, Any]], *, protocol: Protocol, label: str) -> dict[str, Any]:
    """Return the mean and the standard deviation (of a sample) over the folds of every figure that all of them have."""
    values = {name: [result["metrics"][name] for result in results] for name in FIGURES}
    figures = {
        name: {"mean": float(np.mean(found)), "sd": float(np.std(found, ddof=1))}
        for name, found in values.items()
        if None not in found
    }
    return {
        "label": label,
        "protocol": f"{protocol.folds} folds by group; each tested once, the next validates, the others train",
        "source": protocol.source,
        "scope": protocol.scope,
        "epochs": protocol.epochs,
        "seconds": round(sum(result["seconds"] for result in results), 1),
        "figures": figures,
        "folds": results,
    }


def _judge_of(params: Params, paths: Paths, protocol: Protocol, rows: pd.DataFrame) -> Judge:
    """Return what trains and judges a fold; for heads, all that they look at is extracted first."""
    if protocol.scope == "network":
        work = paths.protocol_state / protocol.name
        return lambda splits, turn: run_stages(
            params, splits, fold=FoldPaths(work / f"fold_{turn}", paths), epochs=protocol.epochs
        )
    features = extract_features(
        params, rows, crops=paths.crops, folder=paths.protocol_state / "features", views=protocol.views
    )
    return lambda splits, _: try_head(params, splits, features=features, epochs=protocol.epochs)["test"]


def _run_fold(judge: Judge, splits: dict[str, pd.DataFrame], *, turn: int, named: str) -> dict[str, Any]:
    started = time.monotonic()
    metrics = judge(splits, turn)
    say(f"fold {turn}: MAE {metrics['mae']:.2f} years over {len(splits['test'])} faces")
    return {
        "fold": turn,
        "fingerprint": named,
        "seconds": round(time.monotonic() - started, 1),
        "rows": {name: len(table) for name, table in splits.items()},
        "metrics": {name: metrics[name] for name in FIGURES},
    }


def run_stages(
    params: Params, splits: Mapping[str, pd.DataFrame], *, fold: FoldPaths, epochs: int
) -> Mapping[str, Any]:
    """Run the stages after the split in a folder of their own, where a training that is stopped goes on.

    Args:
        params: Everything but the epochs of phase 2.
        splits: `train`, `val` and `test`; follow SPLIT.
        fold: The folder.
        epochs: Of phase 2.

    Returns:
        What `evaluate` says of `test`.
    """
    for path in (fold.split_train, fold.split_val, fold.split_test):
        write_table(path, splits[path.stem], SPLIT)
    phase2 = params.train.phase2.model_copy(update={"epochs": epochs})
    train = params.train.model_copy(update={"use_tuned": False, "phase2": phase2})
    for stage in STAGES:
        import_module(f"agelens.pipeline.stages.{stage}").run(params.model_copy(update={"train": train}), fold)
    metrics: dict[str, Any] = json.loads(fold.metrics.read_text())
    return metrics


def _finished(path: Path, named: str) -> dict[str, Any] | None:
    """Read a fold's result, if it was finished with the same settings."""
    if not path.is_file():
        return None
    result: dict[str, Any] = json.loads(path.read_text())
    return result if result["fingerprint"] == named else None


def _fingerprint(params: Params, paths: Paths, protocol: Protocol) -> str:
    sections = {"calibrate", "crop_faces", "rebalance", "augment", "model", "loss", "cache_features", "train"}
    return fingerprint(
        {
            "rows": file_hash(paths.grouped),
            "settings": params.model_dump(mode="json", include=sections | {"seed", "age_groups"}),
            "protocol": [protocol.name, protocol.views],
            "code": code_hash(CODE),
        }
    )
