"""The files of an evaluation, written from simulated predictions for several tests."""

import json
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.tables import PREDICTIONS, write_table
from agelens.models.evaluation.fairness import standardised_errors
from agelens.models.evaluation.headline import overall_metrics, rounded_table
from agelens.models.evaluation.robustness import compare_conditions
from agelens.models.evaluation.slices import by_slice, by_source_and_slice
from agelens.models.evaluation.sources import labels_by_source
from agelens.models.evaluation.thresholds import threshold_errors
from agelens.models.evaluation.training_ages import training_ages

HISTORY = pd.DataFrame(
    {
        "phase": [1, 1, 2],
        "age_mae": [9.0, 8.0, 7.0],
        "val_age_mae": [9.0, 7.5, 8.5],
        "learning_rate": [1e-3, 1e-3, 1e-4],
    }
)

LINEAGE = {
    "commit": "0123456789abcdef",
    "changed_files": "",
    "files": {"network": "abc123", "train split": "def456"},
    "params": {"seed": "7", "note": "<b>bold</b>"},
    "compared_with": "params.yaml of the last commit",
    "changed": [{"name": "seed", "before": "8", "now": "7"}],
    "python": "3.11.7",
    "packages": {"agelens": "0.2.0"},
}

RESAMPLES = 20


def write_evaluation(folder: Path, predictions: pd.DataFrame, *, zero_shot: pd.DataFrame | None = None) -> None:
    """Write every file that the stage `evaluate` writes and a report reads."""
    write_table(folder / "predictions.csv", predictions, PREDICTIONS)
    slices = by_slice(predictions, resamples=RESAMPLES)
    worse = predictions.assign(age=predictions["age"] + 1)
    conditions = {"clean": predictions, "noise 8": worse} if len(predictions) else {}
    train = predictions.assign(age=predictions["true_age"])
    tables = {
        "slices": slices,
        "fairness": standardised_errors(predictions, resamples=RESAMPLES),
        "thresholds": threshold_errors(predictions, resamples=RESAMPLES),
        "robustness": compare_conditions(conditions, located=dict.fromkeys(conditions, 1.0), resamples=RESAMPLES),
        "zero_shot": by_source_and_slice(predictions.head(0) if zero_shot is None else zero_shot, resamples=RESAMPLES),
        "training_ages": training_ages(train),
        "sources": labels_by_source({"train": train.assign(age_low=30, age_high=30)}, origins={"utkface": "apparent"}),
    }
    tables = {name: table for name, table in tables.items() if len(table.columns)}  # a training split has rows
    for name, table in tables.items():
        rounded_table(table).to_csv(folder / f"{name}.csv", index=False)
    (folder / "overall.json").write_text(json.dumps(overall_metrics(slices, baseline=15.25)))


def splits() -> dict[str, pd.DataFrame]:
    """Return splits of two sources."""
    train = pd.DataFrame({"source": ["utkface"] * 1200 + ["fgnet"] * 34, "age": 30.0})
    return {"train": train, "val": train.head(10), "test": train.tail(5)}
