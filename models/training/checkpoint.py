"""Checkpoints: the complete state of a phase of training after an epoch, in one file.

BackupAndRestore of Keras stores only weights and optimizer. Without the best epoch, the moving average and the history
a resumed training would have another result than an uninterrupted one.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agelens.data_prep.core.archives import read_archive
from agelens.data_prep.core.atomic import replacing
from agelens.models.training.history import EpochRecord
from agelens.models.training.weight_averaging import WeightArrays

PARTS = ("model", "optimizer", "average", "best")


@dataclass(frozen=True)
class PhaseState:
    """The state of a phase after an epoch.

    Args:
        records: History of the phase.
        model: Variables of the model, including the random seeds of dropout.
        optimizer: Variables of the optimizer.
        average: Moving average of the weights; empty if there is none.
        best: Weights of the best epoch.
    """

    records: Sequence[EpochRecord]
    model: WeightArrays
    optimizer: WeightArrays
    average: WeightArrays
    best: WeightArrays


def write_state(path: Path, state: PhaseState, *, fingerprint: str) -> None:
    """Write a state; an interruption leaves the previous file.

    Args:
        path: An `.npz` file.
        state: To be written.
        fingerprint: Of the data, settings and code of the training.
    """
    arrays = {f"{part}/{index}": array for part in PARTS for index, array in enumerate(getattr(state, part))}
    about = {"fingerprint": fingerprint, "records": [asdict(record) for record in state.records]}
    with replacing(path) as temporary:
        np.savez(temporary, about=np.array(json.dumps(about)), **arrays)


def read_state(path: Path, *, fingerprint: str) -> PhaseState | None:
    """Read a state; None if the file is missing or damaged, or has another fingerprint."""
    arrays = read_archive(path)
    if arrays is None:
        return None
    try:
        about = json.loads(str(arrays.pop("about")))
        if about["fingerprint"] != fingerprint:
            return None
        parts = {part: _in_order(arrays, part) for part in PARTS}
        return PhaseState(records=[EpochRecord(**record) for record in about["records"]], **parts)
    except (KeyError, TypeError, ValueError):  # another archive
        return None


def _in_order(arrays: dict[str, Any], part: str) -> WeightArrays:
    count = sum(name.startswith(f"{part}/") for name in arrays)
    return [arrays[f"{part}/{index}"] for index in range(count)]
