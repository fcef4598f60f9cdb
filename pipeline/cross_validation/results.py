"""Results of the turns of a protocol, together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.schema import Column
from agelens.data_prep.core.tables import PREDICTIONS, read_table
from agelens.models.evaluation.headline import overall_metrics
from agelens.models.evaluation.slices import by_slice

PROTOCOL_PREDICTIONS = PREDICTIONS.extended(
    "protocol_predictions", Column("class_group", "int", "index of the age group with the largest probability")
)

SUMMARY_METRICS = (
    "mae",
    "raw_mae",
    "rmse",
    "cs5",
    "bias",
    "interval_mae",
    "group_accuracy",
    "group_accuracy_one_off",
    "class_accuracy",
    "class_accuracy_one_off",
    "gender_accuracy",
    "coverage",
)


def summarise_folds(results: list[dict[str, Any]], *, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return mean and sample standard deviation over the turns of every metric that all turns have.

    Args:
        results: Of the turns.
        facts: What was cross-validated, and how.
    """
    values = {name: [result["metrics"].get(name) for result in results] for name in SUMMARY_METRICS}
    figures = {
        name: {"mean": float(np.mean(found)), "sd": float(np.std(found, ddof=1)) if len(found) > 1 else 0.0}
        for name, found in values.items()
        if None not in found
    }
    return {
        **facts,
        "seconds": round(sum(result["seconds"] for result in results), 1),
        "figures": figures,
        "folds": results,
    }


def pooled_metrics(folder: Path, *, turns: int, seed: int) -> dict[str, Any]:
    """Return the metrics over the faces of all turns, with intervals by person.

    Args:
        folder: Where the predictions of the turns are.
        turns: Number of turns.
        seed: Of the bootstrap.
    """
    parts = [read_table(folder / f"fold_{number}.csv", PROTOCOL_PREDICTIONS) for number in range(turns)]
    pooled = pd.concat(parts, ignore_index=True)
    right = pooled.loc[pooled["true_age_group"] >= 0, ["class_group", "true_age_group"]]
    off = (right["class_group"] - right["true_age_group"]).abs()
    shares = {"class_accuracy": float((off == 0).mean()), "class_accuracy_one_off": float((off <= 1).mean())}
    overall = overall_metrics(by_slice(pooled, seed=seed), baseline=None)
    return {**overall, **(shares if len(right) else {})}


def describe_metrics(metrics: Mapping[str, Any]) -> str:
    """Return the error of a turn as text: its MAE, or the distance from age intervals where no age is exact."""
    if metrics["mae"] is not None:
        return f"MAE {metrics['mae']:.2f} years"
    return f"{metrics['interval_mae']:.2f} years outside the intervals"
