"""The faces that the bundled networks are trained and validated on: the splits of a project, crops in memory."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.images import read_rgb
from agelens.data_prep.core.tables import SPLIT, read_table
from agelens.pipeline.config.paths import Paths
from benchmarks.bundled_model.workers import for_each, shared_array


@dataclass(frozen=True)
class Faces:
    """Rows of the splits train and val.

    Args:
        table: Follows SPLIT, with the name of each row's split; the index counts from 0.
        crops: `uint8 (N, S, S, 3)` RGB, shared by forked processes.
    """

    table: pd.DataFrame
    crops: npt.NDArray[np.uint8]

    def rows(self, split: str) -> npt.NDArray[np.int64]:
        """Return the places of the rows of a split."""
        return np.flatnonzero((self.table["split"] == split).to_numpy())


def load_faces(project: Path, *, workers: int) -> Faces:
    """Read the splits train and val of a project and decode their crops. The split test is not read."""
    paths = Paths(project)
    files = {"train": paths.split_train, "val": paths.split_val}
    table = pd.concat([read_table(path, SPLIT).assign(split=name) for name, path in files.items()], ignore_index=True)
    side = read_rgb(paths.crops / table["crop"][0]).shape[0]
    crops = shared_array((len(table), side, side, 3), np.uint8)
    crop_files = [paths.crops / name for name in table["crop"]]

    def decode(row: int) -> None:
        crops[row] = read_rgb(crop_files[row])

    for_each(decode, len(table), workers=workers)
    return Faces(table, crops)
