"""Coverage of prediction intervals by source: intervals that fit one data set may be too narrow for another."""

import numpy as np
import numpy.typing as npt
import pandas as pd

MIN_FACES = 50
"""Rows of a source whose coverage is compared with the requested one."""

TOLERANCE = 0.03
"""By which the coverage of a source may be lower than the requested one."""


def coverage_by_source(
    low: npt.ArrayLike, high: npt.ArrayLike, true_age: npt.ArrayLike, *, sources: npt.ArrayLike
) -> pd.DataFrame:
    """Return one row per source, in the order of their names.

    Args:
        low: Lower ends of the intervals `(B,)`, in years.
        high: Upper ends of the intervals `(B,)`, in years.
        true_age: Exact true ages `(B,)`.
        sources: Names of the sources `(B,)`.

    Returns:
        The columns `source`, `faces`, `coverage` (share of true ages inside, both ends included) and `width_median` in
        years.
    """
    low, high, true = (np.asarray(years, dtype=np.float64) for years in (low, high, true_age))
    table = pd.DataFrame({"source": np.asarray(sources), "inside": (low <= true) & (true <= high), "width": high - low})
    by_source = table.groupby("source")
    return pd.DataFrame(
        {
            "faces": by_source.size(),
            "coverage": by_source["inside"].mean(),
            "width_median": by_source["width"].median(),
        }
    ).reset_index()


def undercovered(table: pd.DataFrame, *, coverage: float) -> pd.DataFrame:
    """Return the rows of sources with enough faces whose coverage is clearly below the requested one.

    Args:
        table: From `coverage_by_source`.
        coverage: Requested share, in 0..1.
    """
    return table[(table["faces"] >= MIN_FACES) & (table["coverage"] < coverage - TOLERANCE)]
