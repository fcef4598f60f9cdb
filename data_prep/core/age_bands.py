"""Bands of ten years, by which ages are counted and errors reported. Numpy only: the predictor imports this module."""

import numpy as np
import numpy.typing as npt

TEN_YEARS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
"""Edges of the bands 0-9, 10-19 ... 90+."""

BAND_NAMES = (*(f"{first}-{first + 9}" for first in range(0, 90, 10)), "90+")
"""Names of the bands between `TEN_YEARS`; in alphabetical order they are also in the order of age."""


def band_names(ages: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Return the name of the band of ten years of each age, in years."""
    return np.array(BAND_NAMES)[np.searchsorted(TEN_YEARS, np.asarray(ages, dtype=np.float64), side="right")]
