"""The best of a search, trained again from scratch over several seeds: a low score may be luck, a low mean is not."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import ParamsError
from agelens.models.training.history import MONITOR
from agelens.tuning.candidates import Candidates, Log, quick_collection, train_candidate
from agelens.tuning.recipe import Settings
from agelens.tuning.results import BestHead

UNTUNED = "untuned"
"""The name of the head as params.yaml has it, which is trained along as the mark to beat."""


def top_settings(trials: pd.DataFrame, *, settings: Sequence[str], top: int) -> list[Settings]:
    """Return the settings of the best trials, each once: a promoted trial has those of the one it came from.

    Raises:
        ParamsError: No trial finished.
    """
    if trials.empty:
        msg = "The search finished no trial; look at its messages above and run `dvc repro tune` again."
        raise ParamsError(msg)
    unique = trials.drop_duplicates(list(settings)).head(top)
    columns = {name: unique[name].tolist() for name in settings}
    return [{name: values[row] for name, values in columns.items()} for row in range(len(unique))]


def retrain(
    contestants: Mapping[str, Settings],
    *,
    candidates: Candidates,
    seeds: Sequence[int],
    epochs: int,
    state: Path,
    finished: Callable[[Log], None] = lambda _: None,
) -> pd.DataFrame:
    """Train every contestant from scratch with every seed.

    Args:
        contestants: Settings by name.
        candidates: What settings stand for.
        seeds: Of weights, dropout and order.
        epochs: Of each training.
        state: A file that keeps what is done, so that a stopped run goes on.
        finished: Called after each epoch, with its logs.

    Returns:
        One row per contestant and seed: `name`, `seed`, `val_age_mae` of its best epoch.
    """
    done: dict[str, float] = json.loads(state.read_text()) if state.is_file() else {}
    rows = []
    with quick_collection():
        for name, settings in contestants.items():
            for seed in seeds:
                key = json.dumps([dict(settings), seed, epochs])
                if key not in done:
                    done[key] = train_candidate(candidates, settings, epochs=epochs, seed=seed, finished=finished)
                    write_json(state, done)
                rows.append({"name": name, "seed": seed, MONITOR: done[key]})
    return pd.DataFrame(rows)


def summarise_retrained(results: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation (0 for a single seed) by contestant, lowest mean first."""
    scores = results.groupby("name", sort=False)[MONITOR]
    table = pd.DataFrame({"mean": scores.mean(), "sd": scores.std().fillna(0.0), "seeds": scores.size()})
    return table.sort_values("mean", kind="stable").reset_index()


def best_of(summary: pd.DataFrame, *, contestants: Mapping[str, Settings], fingerprint: str) -> BestHead:
    """Return the tuned contestant with the lowest mean, beside the untuned one."""
    best = summary[summary["name"] != UNTUNED].iloc[0]
    untuned = summary[summary["name"] == UNTUNED].iloc[0]
    return BestHead(
        settings=contestants[str(best["name"])],
        val_age_mae=round(float(best["mean"]), 4),
        sd=round(float(best["sd"]), 4),
        untuned_val_age_mae=round(float(untuned["mean"]), 4),
        untuned_sd=round(float(untuned["sd"]), 4),
        seeds=int(best["seeds"]),
        fingerprint=fingerprint,
    )
