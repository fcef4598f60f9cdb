"""The comparison of an evaluation with that of the run before.

`keep_run` stores what is compared outside of DVC's outputs, which DVC removes before a stage runs: the current run, and
the last one whose predictions differ. It needs no git, and evaluating the same network again changes nothing.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.atomic import write_bytes, write_json
from agelens.data_prep.core.hashing import file_hash
from agelens.models.evaluation.bootstrap import bootstrap_means, percentile_interval
from agelens.models.evaluation.metrics import row_scores

METRICS: Mapping[str, str] = {
    "mae": "years",
    "rmse": "years",
    "bias": "years",
    "cs5": "share",
    "group_accuracy": "share",
    "coverage": "share",
    "width_median": "years",
}
"""Compared metrics of overall.json, and how they are shown."""

PAIRED = ("mae", "bias", "cs5", "group_accuracy", "coverage")
"""Metrics that are means over faces, so that both runs can be compared face by face."""

KEPT = ("overall.json", "slices.csv", "predictions.csv")

HASHES = "hashes.json"
"""The SHA-256 of each file of a kept run, written last: a run that was damaged or not written to its end is none."""


def keep_run(folder: Path, evaluation: Path, about: Mapping[str, Any]) -> Path | None:
    """Store an evaluation as the current one, and return the folder of the previous one if there is one.

    Args:
        folder: Where runs are kept.
        evaluation: The files of the evaluation.
        about: What a comparison shows of the run; stored as run.json.
    """
    current, previous = folder / "current", folder / "previous"
    for run in (current, previous):
        if not _is_intact(run):
            shutil.rmtree(run, ignore_errors=True)
    same = "predictions.csv"
    if (current / same).is_file() and (current / same).read_bytes() != (evaluation / same).read_bytes():
        shutil.rmtree(previous, ignore_errors=True)
        current.rename(previous)
    for name in KEPT:
        write_bytes(current / name, (evaluation / name).read_bytes())
    write_json(current / "run.json", dict(about))
    write_json(current / HASHES, _hashes(current))
    return previous if previous.is_dir() else None


def _is_intact(run: Path) -> bool:
    try:
        stored = json.loads((run / HASHES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stored == _hashes(run))


def _hashes(run: Path) -> dict[str, str]:
    files = (run / name for name in (*KEPT, "run.json"))
    return {path.name: file_hash(path) for path in files if path.is_file()}


def compare(
    overall: Mapping[str, Any],
    before: Mapping[str, Any],
    *,
    predictions: pd.DataFrame,
    predictions_before: pd.DataFrame,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Return the metrics of both runs and their differences, with 95 % intervals over the faces of both.

    Args:
        overall: Of this run, overall.json.
        before: Of the previous run.
        predictions: Of this run.
        predictions_before: Of the previous run.
        resamples: Of the bootstrap, which draws groups and is the same for both runs.

    Returns:
        For each metric `<metric>`, `<metric>_before` and `<metric>_change`, this minus previous; for the metrics
        `PAIRED` also `<metric>_change_low` and `<metric>_change_high`, over the `faces` that both runs predicted with
        the same label. `faces_now`, `faces_before`: of each run.
    """
    labels = ["image_id", "true_age_low", "true_age_high"]
    both = predictions.merge(predictions_before[labels], on=labels)["image_id"]
    result: dict[str, Any] = {
        "faces": len(both),
        "faces_now": len(predictions),
        "faces_before": len(predictions_before),
    }
    for name in METRICS:
        now, then = overall.get(name), before.get(name)
        result[name], result[f"{name}_before"] = now, then
        result[f"{name}_change"] = None if now is None or then is None else round(now - then, 4)
    if both.empty:
        return result
    rows, rows_before = (t.set_index("image_id").loc[both].reset_index() for t in (predictions, predictions_before))
    difference = (row_scores(rows) - row_scores(rows_before))[list(PAIRED)].to_numpy(dtype=float)
    low, high = percentile_interval(bootstrap_means(difference, rows["group"], resamples=resamples))
    for position, name in enumerate(PAIRED):
        ends = None if pd.isna(low[position]) else (round(float(low[position]), 4), round(float(high[position]), 4))
        result[f"{name}_change_low"], result[f"{name}_change_high"] = ends or (None, None)
    return result


def verdict(comparison: Mapping[str, Any]) -> str:
    """Return in words whether the MAE differs."""
    change = comparison["mae_change"]
    if change is None:
        return "One of the runs has no exact ages, so their errors cannot be compared."
    low, high = comparison.get("mae_change_low"), comparison.get("mae_change_high")
    if low is None or high is None:
        return "The runs share no test faces: the difference of their errors can be that of their faces."
    if comparison["faces"] < max(comparison["faces_now"], comparison["faces_before"]):
        return "The runs have different test faces: only the interval compares the same faces."
    if low > 0:
        return "The errors of this run are larger, by more than the choice of test faces explains."
    if high < 0:
        return "The errors of this run are smaller, by more than the choice of test faces explains."
    return "The difference is within what the choice of test faces explains; another seed can reverse it."


def changed_settings(now: Mapping[str, str], before: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the settings that differ, as dotted names with both values; an empty text where one has none."""
    names = sorted({*now, *before})
    return [
        {"name": name, "before": before.get(name, ""), "now": now.get(name, "")}
        for name in names
        if now.get(name) != before.get(name)
    ]
