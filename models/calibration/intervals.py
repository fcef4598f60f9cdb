"""Scores and quantiles of split conformal prediction, from which prediction intervals are fitted.

Split conformal prediction (Vovk, Gammerman & Shafer 2005, *Algorithmic Learning in a Random World*; Angelopoulos &
Bates 2021, *A Gentle Introduction to Conformal Prediction*, arXiv 2107.07511, sections 1 and 4.1) guarantees coverage
for any model: the interval of a new face contains its true age with at least the requested probability, provided that
the faces used for fitting are exchangeable with it and were not used to train the model. Here that holds approximately:
the validation rows also chose the head, the epoch and the learning rate, and may show a person more than once. The
coverage is therefore measured on the test split and reported.

Numpy only: the predictor imports this module.
"""

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.labels import MAX_AGE

Floats = npt.NDArray[np.float64]


def label_errors(age: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> Floats:
    """Return the distance of each predicted age from its label `low..high`; |error| where the age is exact.

    It is 0 inside the interval, else the distance to the nearer end. All arrays are `(B,)`, in years.
    """
    age, low, high = (np.asarray(years, dtype=np.float64) for years in (age, low, high))
    return np.maximum(np.maximum(low - age, age - high), 0.0)


def central_shares(distribution: npt.ArrayLike) -> Floats:
    """Return, for each year, the share of the smallest central interval of the distribution that contains it.

    It is |2 F - 1| for the cumulative share F up to the middle of the year: 0 at the median, 1 at both ends.

    Args:
        distribution: `(B, 101)`, shares of the years 0..100.
    """
    shares = np.asarray(distribution, dtype=np.float64)
    shares = shares / shares.sum(axis=1, keepdims=True)
    needed: Floats = np.abs(2 * (shares.cumsum(axis=1) - shares / 2) - 1)
    return needed


def label_shares(distribution: npt.ArrayLike, low: Floats, high: Floats) -> Floats:
    """Return the central share `(B,)` of each distribution that contains the label, or the nearest year of its span."""
    needed, rows = central_shares(distribution), np.arange(len(low))
    years = np.arange(MAX_AGE + 1)
    within = (years >= np.floor(low)[:, None]) & (years <= np.ceil(high)[:, None])
    nearest: Floats = np.where(within, needed, np.inf).min(axis=1)
    # An exact age between two years is inside if both of them are.
    exact: Floats = np.maximum(needed[rows, np.floor(low).astype(int)], needed[rows, np.ceil(low).astype(int)])
    return np.where(low == high, exact, nearest)


def conformal_quantile(
    errors: Floats, coverage: float, *, weights: Floats | None = None, limit: float = float(MAX_AGE)
) -> float:
    """Return the smallest error whose cumulative weight reaches the requested coverage, or `limit` if none does.

    With equal weights it is the ceil((n + 1) * coverage)-th smallest of n errors. The `+ 1` counts the new face: it
    makes the guarantee hold for finite n (Angelopoulos & Bates 2021, section 1 and appendix D).

    Args:
        errors: `(n,)`, years or shares.
        coverage: In 0..1.
        weights: `(n,)`; all 1 by default.
        limit: Returned where n is too small for the coverage.
    """
    weights = np.ones(errors.size) if weights is None else weights
    order = np.argsort(errors, kind="stable")
    # Rounded, because 100 * 0.55 is 55.00000000000001 in floats, which would raise the rank by one.
    held = weights[order].cumsum() >= round((weights.sum() + 1) * coverage, 9)
    return float(errors[order][held.argmax()]) if held.any() else limit
