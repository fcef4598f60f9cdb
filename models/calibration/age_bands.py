"""Bands of years, by which errors are reported and corrected. Numpy only: the predictor imports this module."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

TEN_YEARS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
"""Edges of the bands 0-9, 10-19 ... 90+."""

BAND_NAMES = (*(f"{first}-{first + 9}" for first in range(0, 90, 10)), "90+")
"""Names of the bands between `TEN_YEARS`; in alphabetical order they are also in the order of age."""


def merge_thin_bands(age: npt.NDArray[np.float64], edges: Sequence[float], *, min_rows: int) -> tuple[float, ...]:
    """Remove edges until every band has at least `min_rows` rows or no edge is left.

    The band with the fewest rows is merged into the neighbour with fewer rows, again and again.

    Args:
        age: `(B,)`, in years.
        edges: Years between the bands, ascending; an age equal to an edge belongs to the upper band.
        min_rows: Fewest rows of a band.

    Returns:
        The remaining edges.
    """
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
