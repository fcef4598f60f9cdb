"""Cross-validation of one source: every fold is the test split once, and the results are averaged."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from agelens.data_prep.core.atomic import read_json, write_json
from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.tables import write_table
from agelens.models.evaluation.metrics import summarise
from agelens.pipeline.config.code_hashes import code_hash
from agelens.pipeline.config.fingerprints import fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.cross_validation.frozen_head import extract_features, train_and_predict_head
from agelens.pipeline.cross_validation.network_fold import FOLD_STAGES, FoldPaths, run_stages
from agelens.pipeline.cross_validation.plans import ADIENCE_AGE_GROUPS, By, Plan, Splits, plan_turns
from agelens.pipeline.cross_validation.published import published_results
from agelens.pipeline.cross_validation.results import (
    PROTOCOL_PREDICTIONS,
    SUMMARY_METRICS,
    describe_metrics,
    pooled_metrics,
    summarise_folds,
)
from agelens.pipeline.progress import say

Scope = Literal["head", "network"]
TurnEvaluation = Callable[[Splits, int], tuple[Mapping[str, Any], pd.DataFrame | None]]
"""From the splits of a turn and its number to the metrics on its test split, and the predictions if they are kept."""

HEAD_CODE = ("agelens.pipeline.cross_validation.protocol",)
NETWORK_CODE = (*HEAD_CODE, *(f"agelens.pipeline.stages.{stage}" for stage in FOLD_STAGES if stage != "report"))
"""Modules that compute the metrics of a fold. All that they import counts too; stages are imported by name."""


@dataclass(frozen=True)
class Protocol:
    """What is cross-validated, and how.

    Args:
        source: Name of the source in params.yaml; None to leave out each source in turn.
        folds: Number of folds, where they are ours.
        scope: `head` trains a head on frozen features, `network` trains the whole network.
        epochs: Epochs of the head, or of phase 2 of the network.
        views: Views of each training crop, for scope `head`.
        by: What is tested at a time.
        bag: Number of heads whose outputs are averaged, for scope `head`.
        incomplete: Accept published folds of which faces are missing.

    Raises:
        ParamsError: The whole network is asked for with an option that only heads have.
    """

    source: str | None
    folds: int
    scope: Scope
    epochs: int
    views: int
    by: By = "folds"
    bag: int = 1
    incomplete: bool = False

    def __post_init__(self) -> None:
        if self.scope == "network" and (self.by != "folds" or self.bag > 1):
            msg = "--scope network trains the folds of --by folds, with --bag 1; use --scope head for the others."
            raise ParamsError(msg)

    @property
    def name(self) -> str:
        """Name of the folder of results."""
        turns = {"folds": f"{self.folds}_folds", "published": "published_folds"}.get(
            self.by, f"leave_one_{self.by}_out"
        )
        bag = f"_bag_{self.bag}" if self.bag > 1 else ""
        return f"{self.source or 'all'}_{turns}_{self.scope}_{self.epochs}_epochs{bag}"

    def label(self, params: Params) -> str:
        """Return a description of the training, which is printed beside every metric."""
        if self.scope == "head":
            heads = "a head" if self.bag == 1 else f"{self.bag} heads"
            return f"reduced: only {heads} on frozen features of {params.model.backbone}, {self.epochs} epochs"
        first = params.train.phase1.epochs
        return f"full: {params.model.backbone}, {first} epochs of the head, then {self.epochs} of the network"


def run_protocol(params: Params, paths: Paths, *, protocol: Protocol) -> dict[str, Any]:
    """Run every turn that is not finished with the same settings, and write and return the summary.

    Raises:
        ParamsError: The source does not fit the protocol, or there are too few folds.
        DataError: `dvc repro deduplicate` has not been run.
    """
    if protocol.by == "published":
        params = params.model_copy(update={"age_groups": ADIENCE_AGE_GROUPS})
    plan = plan_turns(
        params,
        paths,
        by=protocol.by,
        source=protocol.source,
        folds=protocol.folds,
        incomplete=protocol.incomplete,
    )
    folder, identity = paths.protocol_report / protocol.name, _fingerprint(params, paths, protocol)
    results = [_read_finished(folder / f"fold_{number}.json", identity) for number in range(len(plan.turns))]
    if None in results:
        evaluate = _turn_evaluation(params, paths, protocol, plan)
        for number, (name, splits) in enumerate(plan.turns):
            if results[number] is None:
                result = _run_turn(evaluate, splits, number=number, name=name, folder=folder)
                results[number] = {**result, "fingerprint": identity}
                write_json(folder / f"fold_{number}.json", result | {"fingerprint": identity})
    summary = summarise_folds([result for result in results if result], facts=_facts(params, protocol, plan))
    if protocol.scope == "head":
        summary["pooled"] = pooled_metrics(folder, turns=len(plan.turns), seed=params.seed)
    write_json(folder / "summary.json", summary)
    return summary


def _facts(params: Params, protocol: Protocol, plan: Plan) -> dict[str, Any]:
    """Return what was cross-validated and how, and what others have published."""
    reader = params.sources[protocol.source].reader if protocol.source else ""
    return {
        "label": protocol.label(params),
        "protocol": plan.text,
        "missing": plan.missing,
        "published": published_results(reader, by=protocol.by),
        **{name: getattr(protocol, name) for name in ("source", "by", "scope", "epochs", "bag")},
    }


def _turn_evaluation(params: Params, paths: Paths, protocol: Protocol, plan: Plan) -> TurnEvaluation:
    """Return the function that trains and evaluates a turn; for scope `head`, extract all features first."""
    if protocol.scope == "network":
        folder = paths.protocol_state / protocol.name
        return lambda splits, number: (
            run_stages(params, splits, fold=FoldPaths(folder / f"fold_{number}", paths), epochs=protocol.epochs),
            None,
        )
    features = extract_features(
        params, plan.rows, crops=paths.crops, folder=paths.protocol_state / "features", views=protocol.views
    )

    def evaluate(splits: Splits, number: int) -> tuple[Mapping[str, Any], pd.DataFrame | None]:
        del number
        predictions = train_and_predict_head(
            params, splits, features=features, epochs=protocol.epochs, bag=protocol.bag
        )
        predicted = predictions["test"]
        classes = predicted.assign(age_group=predicted["class_group"])
        chosen = {f"class_{name}": summarise(classes)[f"group_{name}"] for name in ("accuracy", "accuracy_one_off")}
        return {**summarise(predicted), **chosen}, predicted

    return evaluate


def _run_turn(evaluate: TurnEvaluation, splits: Splits, *, number: int, name: str, folder: Path) -> dict[str, Any]:
    started = time.monotonic()
    metrics, predicted = evaluate(splits, number)
    if predicted is not None:
        write_table(folder / f"fold_{number}.csv", predicted, PROTOCOL_PREDICTIONS)
    say(f"{name}: {describe_metrics(metrics)} over {len(splits['test'])} faces")
    return {
        "fold": number,
        "name": name,
        "seconds": round(time.monotonic() - started, 1),
        "rows": {split: len(table) for split, table in splits.items()},
        "metrics": {metric: metrics.get(metric) for metric in SUMMARY_METRICS},
    }


def _read_finished(path: Path, identity: str) -> dict[str, Any] | None:
    """Return the result of a fold, or None if it was not finished with the same settings."""
    if not path.is_file():
        return None
    try:
        result = read_json(path)
    except DataError:  # damaged: the fold is repeated
        return None
    return result if result.get("fingerprint") == identity else None


def _fingerprint(params: Params, paths: Paths, protocol: Protocol) -> str:
    sections = {"calibrate", "crop_faces", "rebalance", "augment", "model", "loss", "cache_features", "train"}
    return fingerprint(
        {
            "rows": file_hash(paths.grouped),
            "incomplete": protocol.incomplete,
            "settings": params.model_dump(mode="json", include=sections | {"seed", "age_groups"}),
            "protocol": [protocol.name, protocol.views],
            "code": code_hash(*(NETWORK_CODE if protocol.scope == "network" else HEAD_CODE)),
        }
    )
