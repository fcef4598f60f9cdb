"""Retraining of the best settings from scratch with several seeds: a single low score may be chance."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import ParamsError
from agelens.models.training.history import MONITOR
from agelens.tuning.model_factory import EpochLogs, ModelFactory, fast_garbage_collection, train_from_scratch
from agelens.tuning.recipe import Settings
from agelens.tuning.results import BestSettings
from agelens.tuning.state_files import DamagedState, read_hashed, with_hash

UNTUNED = "untuned"
"""Name of the settings of params.yaml, which are retrained as the baseline."""


def top_settings(trials: pd.DataFrame, *, settings: Sequence[str], top: int) -> list[Settings]:
    """Return the settings of the best trials without duplicates; a promoted trial has the settings of its parent.

    Args:
        trials: Table of trials, best first.
        settings: Names of the columns that hold settings.
        top: Maximum number to return.

    Raises:
        ParamsError: No trial finished.
    """
    if trials.empty:
        msg = "No trial of the search finished; see the messages above, then run `dvc repro tune` again."
        raise ParamsError(msg)
    unique = trials.drop_duplicates(list(settings)).head(top)
    columns = {name: unique[name].tolist() for name in settings}
    return [{name: values[row] for name, values in columns.items()} for row in range(len(unique))]


def retrain(
    configurations: Mapping[str, Settings],
    *,
    factory: ModelFactory,
    seeds: Sequence[int],
    epochs: int,
    state: Path,
    on_epoch_end: Callable[[EpochLogs], None] = lambda _: None,
) -> pd.DataFrame:
    """Train all configurations from scratch with all seeds.

    Args:
        configurations: Settings by name.
        factory: Builds and trains the models.
        seeds: Seeds of weights, dropout and order of the batches.
        epochs: Epochs of each training.
        state: File for finished results, from which a stopped run resumes.
        on_epoch_end: Called after each epoch with its logs.

    Returns:
        One row per configuration and seed: `name`, `seed`, and `val_age_mae` in years of the best epoch.
    """
    finished = _read_finished(state)
    rows = []
    with fast_garbage_collection():
        for name, settings in configurations.items():
            for seed in seeds:
                key = json.dumps([dict(settings), seed, epochs])
                if key not in finished:
                    finished[key] = train_from_scratch(
                        factory, settings, epochs=epochs, seed=seed, on_epoch_end=on_epoch_end
                    )
                    write_json(state, with_hash(finished))
                rows.append({"name": name, "seed": seed, MONITOR: finished[key]})
    return pd.DataFrame(rows)


def _read_finished(state: Path) -> dict[str, float]:
    """Return the finished results; none if the file is damaged, so that all are computed again."""
    try:
        return read_hashed(state) if state.is_file() else {}
    except DamagedState:
        return {}


def summarise_retrained(results: pd.DataFrame) -> pd.DataFrame:
    """Return `name`, `mean`, `sd` (NaN for a single seed) and `seeds` per configuration, lowest mean first."""
    scores = results.groupby("name", sort=False)[MONITOR]
    table = pd.DataFrame({"mean": scores.mean(), "sd": scores.std(), "seeds": scores.size()})
    return table.sort_values("mean", kind="stable").reset_index()


def select_best(summary: pd.DataFrame, *, configurations: Mapping[str, Settings], fingerprint: str) -> BestSettings:
    """Return the tuned configuration with the lowest mean, the result of the untuned one, and which of them won."""
    best = summary[summary["name"] != UNTUNED].iloc[0]
    untuned = summary[summary["name"] == UNTUNED].iloc[0]
    return BestSettings(
        winner="tuned" if best["mean"] < untuned["mean"] else "untuned",
        settings=configurations[str(best["name"])],
        val_age_mae=round(float(best["mean"]), 4),
        sd=_spread(best),
        untuned_val_age_mae=round(float(untuned["mean"]), 4),
        untuned_sd=_spread(untuned),
        seeds=int(best["seeds"]),
        fingerprint=fingerprint,
    )


def _spread(row: pd.Series) -> float | None:
    return round(float(row["sd"]), 4) if row["seeds"] > 1 else None
