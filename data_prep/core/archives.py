"""Reads `.npz` files that may be damaged: their parts have checksums, so that cut and changed files are noticed."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DAMAGED_ARCHIVE = (ValueError, TypeError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading an archive raises if it was cut, changed, emptied or replaced by something else."""


def read_archive(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    """Return the arrays of an `.npz` file by name; None if it is missing or damaged."""
    try:
        # np.load would not close a file that it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (*DAMAGED_ARCHIVE, AttributeError):  # a single array is no context manager
        return None
