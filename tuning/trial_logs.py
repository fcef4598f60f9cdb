"""The epochs of each trial, which Keras Tuner does not store.

They are stored when the trial ends, and only read afterwards: a finished search that is run again gives the same table.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.models.training.history import MONITOR
from agelens.tuning.model_factory import EpochLogs
from agelens.tuning.state_files import DamagedState, read_hashed, with_hash

LOG = "epochs.json"
CURVE_COLUMNS = ("trial", "epoch", "age_mae", MONITOR)


def write_trial_log(folder: Path, logs: Sequence[EpochLogs]) -> None:
    """Write the epochs of a trial.

    Args:
        folder: The folder of the trial.
        logs: Of each epoch.
    """
    epochs = [{name: value if math.isfinite(value) else None for name, value in epoch.items()} for epoch in logs]
    write_json(folder / LOG, with_hash({"epochs": epochs}))


def read_curves(folder: Path, trials: Sequence[str]) -> pd.DataFrame:
    """Return the MAE of each epoch of some trials.

    Args:
        folder: The folder of the search.
        trials: Their ids.

    Returns:
        One row per trial and epoch: `trial`, `epoch`, and in years `age_mae` of the training rows and `val_age_mae`.
        The epochs of a promoted trial follow those of its parent.

    Raises:
        DamagedState: The file of a trial is not as it was written.
    """
    rows = [
        {"trial": trial, **{name: epoch.get(name) for name in CURVE_COLUMNS[1:]}}
        for trial in sorted(trials)
        for epoch in read_epochs(folder / f"trial_{trial}")
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS)).astype({"epoch": int})


def read_epochs(folder: Path) -> list[EpochLogs]:
    """Return the epochs that were stored when a trial ended.

    Args:
        folder: The folder of the trial.

    Raises:
        DamagedState: The file is not as it was written.
    """
    content = read_hashed(folder / LOG)
    if "epochs" not in content:
        raise DamagedState(folder / LOG)
    epochs: list[EpochLogs] = content["epochs"]
    return epochs
