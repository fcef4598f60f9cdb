"""Bands of years, by which errors are judged and corrected. Numpy only: the predictor imports this module."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

TEN_YEARS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
"""Edges of the bands 0-9, 10-19 ... 90+."""


def merge_thin_bands(age: npt.NDArray[np.float64], edges: Sequence[float], *, min_rows: int) -> tuple[float, ...]:
    """Return the edges that are left once every band has at least `min_rows` rows, or no edge is left."""
    kept = [float(edge) for edge in edges]
    while kept:
        counts = np.bincount(np.searchsorted(kept, age, side="right"), minlength=len(kept) + 1).tolist()
        thinnest = counts.index(min(counts))
        if counts[thinnest] >= min_rows:
            break
        before = counts[thinnest - 1] if thinnest > 0 else math.inf
        after = counts[thinnest + 1] if thinnest < len(kept) else math.inf
        del kept[thinnest - 1 if before <= after else thinnest]
    return tuple(kept)
