"""Cross-validation of one source: every fold is the test split once, and the results are averaged."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import GROUPED, read_table
from agelens.data_prep.splits.folds import make_folds, rotate_folds
from agelens.pipeline.config.code_hashes import code_hash
from agelens.pipeline.config.fingerprints import fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.cross_validation.frozen_head import extract_features, train_and_evaluate_head
from agelens.pipeline.cross_validation.network_fold import FOLD_STAGES, FoldPaths, run_stages
from agelens.pipeline.progress import say

Scope = Literal["head", "network"]
Splits = dict[str, pd.DataFrame]
"""The tables `train`, `val` and `test`, which follow SPLIT."""

FoldEvaluation = Callable[[Splits, int], Mapping[str, Any]]
"""From the splits of a fold and its number to the metrics on its test split."""

SUMMARY_METRICS = ("mae", "raw_mae", "rmse", "cs5", "bias", "group_accuracy", "group_accuracy_one_off", "coverage")

HEAD_CODE = ("agelens.pipeline.cross_validation.protocol",)
NETWORK_CODE = (*HEAD_CODE, *(f"agelens.pipeline.stages.{stage}" for stage in FOLD_STAGES if stage != "report"))
"""Modules that compute the metrics of a fold. All that they import counts too; stages are imported by name."""


@dataclass(frozen=True)
class Protocol:
    """What is cross-validated, and how.

    Args:
        source: Name of the source in params.yaml.
        folds: Number of folds.
        scope: `head` trains a head on frozen features, `network` trains the whole network.
        epochs: Epochs of the head, or of phase 2 of the network.
        views: Views of each training crop, for scope `head`.
    """

    source: str
    folds: int
    scope: Scope
    epochs: int
    views: int

    @property
    def name(self) -> str:
        """Name of the folder of results."""
        return f"{self.source}_{self.folds}_folds_{self.scope}_{self.epochs}_epochs"

    def label(self, params: Params) -> str:
        """Return a description of the training, which is printed beside every metric."""
        if self.scope == "head":
            return f"reduced: only a head on frozen features of {params.model.backbone}, {self.epochs} epochs"
        first = params.train.phase1.epochs
        return f"full: {params.model.backbone}, {first} epochs of the head, then {self.epochs} of the network"


def run_protocol(params: Params, paths: Paths, *, protocol: Protocol) -> dict[str, Any]:
    """Run every fold that is not finished with the same settings, and write and return the summary.

    Raises:
        ParamsError: The source is not in params.yaml, or there are too few folds.
        DataError: `dvc repro deduplicate` has not been run.
    """
    if protocol.source not in params.sources:
        msg = f"There is no source {protocol.source} in params.yaml. Sources: {', '.join(params.sources)}."
        raise ParamsError(msg)
    rows = read_table(paths.grouped, GROUPED)
    rows = rows[rows["source"] == protocol.source].reset_index(drop=True)
    groups = AgeGroups(tuple(params.age_groups))
    folds = list(rotate_folds(make_folds(rows, count=protocol.folds, groups=groups, seed=params.seed)))
    folder, identity = paths.protocol_report / protocol.name, _fingerprint(params, paths, protocol)
    results = [_read_finished(folder / f"fold_{number}.json", identity) for number in range(protocol.folds)]
    if None in results:
        evaluate = _fold_evaluation(params, paths, protocol, rows)
        for number, splits in enumerate(folds):
            if results[number] is None:
                results[number] = _run_fold(evaluate, splits, number=number, identity=identity)
                write_json(folder / f"fold_{number}.json", results[number])
    summary = summarise_folds([result for result in results if result], protocol=protocol, label=protocol.label(params))
    write_json(folder / "summary.json", summary)
    return summary


def summarise_folds(results: list[dict[str, Any]], *, protocol: Protocol, label: str) -> dict[str, Any]:
    """Return mean and sample standard deviation over the folds of every metric that all folds have."""
    values = {name: [result["metrics"][name] for result in results] for name in SUMMARY_METRICS}
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


def _fold_evaluation(params: Params, paths: Paths, protocol: Protocol, rows: pd.DataFrame) -> FoldEvaluation:
    """Return the function that trains and evaluates a fold; for scope `head`, extract all features first."""
    if protocol.scope == "network":
        folder = paths.protocol_state / protocol.name
        return lambda splits, number: run_stages(
            params, splits, fold=FoldPaths(folder / f"fold_{number}", paths), epochs=protocol.epochs
        )
    features = extract_features(
        params, rows, crops=paths.crops, folder=paths.protocol_state / "features", views=protocol.views
    )
    return lambda splits, _: train_and_evaluate_head(params, splits, features=features, epochs=protocol.epochs)["test"]


def _run_fold(evaluate: FoldEvaluation, splits: Splits, *, number: int, identity: str) -> dict[str, Any]:
    started = time.monotonic()
    metrics = evaluate(splits, number)
    say(f"fold {number}: MAE {metrics['mae']:.2f} years over {len(splits['test'])} faces")
    return {
        "fold": number,
        "fingerprint": identity,
        "seconds": round(time.monotonic() - started, 1),
        "rows": {name: len(table) for name, table in splits.items()},
        "metrics": {name: metrics[name] for name in SUMMARY_METRICS},
    }


def _read_finished(path: Path, identity: str) -> dict[str, Any] | None:
    """Return the result of a fold, or None if it was not finished with the same settings."""
    if not path.is_file():
        return None
    result: dict[str, Any] = json.loads(path.read_text())
    return result if result["fingerprint"] == identity else None


def _fingerprint(params: Params, paths: Paths, protocol: Protocol) -> str:
    sections = {"calibrate", "crop_faces", "rebalance", "augment", "model", "loss", "cache_features", "train"}
    return fingerprint(
        {
            "rows": file_hash(paths.grouped),
            "settings": params.model_dump(mode="json", include=sections | {"seed", "age_groups"}),
            "protocol": [protocol.name, protocol.views],
            "code": code_hash(*(NETWORK_CODE if protocol.scope == "network" else HEAD_CODE)),
        }
    )
