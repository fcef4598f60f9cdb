"""The search's result as `train` takes it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from data_prep.atomic import write_json
from data_prep.errors import ParamsError
from models.history import MONITOR


@dataclass(frozen=True)
class BestHead:
    """The best settings found, how good they were, and what they were found on."""

    units: int
    dropout: float
    learning_rate: float
    val_age_mae: float
    fingerprint: str


def best_of(trials: pd.DataFrame, *, fingerprint: str) -> BestHead:
    """Return the best trial.

    Raises:
        ParamsError: No trial finished.
    """
    if trials.empty:
        msg = "The search finished no trial; look at its messages above and run `dvc repro tune` again."
        raise ParamsError(msg)
    best = trials.iloc[0]
    return BestHead(
        units=int(best["units"]),
        dropout=float(best["dropout"]),
        learning_rate=float(best["learning_rate"]),
        val_age_mae=round(float(best[MONITOR]), 4),
        fingerprint=fingerprint,
    )


def write_best(path: Path, best: BestHead) -> None:
    """Write the result as JSON."""
    write_json(path, asdict(best))


def read_best(path: Path, *, fingerprint: str) -> BestHead:
    """Read a result that was found on these rows, features and settings.

    Raises:
        ParamsError: It is missing, or was found on something else.
    """
    if not path.is_file():
        msg = f"train.use_tuned needs {path}; run `dvc repro tune`, or set train.use_tuned to false."
        raise ParamsError(msg)
    best = BestHead(**json.loads(path.read_text()))
    if best.fingerprint != fingerprint:
        msg = (
            f"{path} was found on other rows, features, settings or code ({best.fingerprint}, now {fingerprint}); "
            "run `dvc repro tune`, or set train.use_tuned to false."
        )
        raise ParamsError(msg)
    return best
