"""Bands of years with enough rows to correct errors by. Numpy only: the predictor imports this module."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


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
