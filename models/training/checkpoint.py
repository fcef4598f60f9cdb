"""All that a phase of training needs to go on after its last epoch, in one file.

Keras's BackupAndRestore keeps weights and optimiser alone; a resumed run would forget its best epoch, its moving
average and how long it has waited, and so end with another network than one that was never stopped.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agelens.data_prep.core.atomic import replacing
from agelens.models.training.history import EpochRecord
from agelens.models.training.weight_averaging import WeightArrays

PARTS = ("model", "optimizer", "average", "best")


@dataclass(frozen=True)
class PhaseState:
    """A phase after some of its epochs.

    Args:
        records: Its history.
        model: The model's variables, random seeds of dropout included.
        optimizer: The optimiser's variables.
        average: The moving average of the weights; empty without one.
        best: The model's weights of the best epoch.
    """

    records: Sequence[EpochRecord]
    model: WeightArrays
    optimizer: WeightArrays
    average: WeightArrays
    best: WeightArrays


def write_state(path: Path, state: PhaseState, *, fingerprint: str) -> None:
    """Write a state, whole or not at all."""
    arrays = {f"{part}/{index}": array for part in PARTS for index, array in enumerate(getattr(state, part))}
    about = {"fingerprint": fingerprint, "records": [asdict(record) for record in state.records]}
    with replacing(path) as temporary:
        np.savez(temporary, about=np.array(json.dumps(about)), **arrays)


def read_state(path: Path, *, fingerprint: str) -> PhaseState | None:
    """Read a state; None if there is none, or it is of a training with other data or settings."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = dict(file)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        return None
    about = json.loads(str(arrays.pop("about")))
    if about["fingerprint"] != fingerprint:
        return None
    parts = {part: _in_order(arrays, part) for part in PARTS}
    return PhaseState(records=[EpochRecord(**record) for record in about["records"]], **parts)


def _in_order(arrays: dict[str, Any], part: str) -> WeightArrays:
    count = sum(name.startswith(f"{part}/") for name in arrays)
    return [arrays[f"{part}/{index}"] for index in range(count)]
