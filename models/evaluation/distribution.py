"""Metrics that a mean over faces hides: tails of the errors, rare ages, shrinkage, and ages that pile up."""

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.labels import MAX_AGE

PERCENTILES = (90, 95, 99)
"""Of absolute errors."""

PEAK_YEARS = 0.15
"""How near to a whole year predicted ages count as that year, to either side."""


def error_percentiles(errors: npt.ArrayLike) -> dict[str, float]:
    """Return the percentiles `p90`, `p95` and `p99` of absolute errors, in years, interpolated; NaN without errors.

    Args:
        errors: `(B,)`, absolute, in years.
    """
    errors = np.asarray(errors, dtype=np.float64)
    found = np.percentile(errors, PERCENTILES) if errors.size else np.full(len(PERCENTILES), np.nan)
    return {f"p{percentile}": float(value) for percentile, value in zip(PERCENTILES, found, strict=True)}


def macro_mae(true_age: npt.ArrayLike, errors: npt.ArrayLike, *, width: int) -> float:
    """Return the mean of the MAE of each class of true ages that occurs, in years; NaN without rows.

    Every class counts the same however many faces it has, so that rare ages are not outvoted (the balanced MAE of Ren
    et al. 2022, *Balanced MSE for Imbalanced Visual Regression*, CVPR).

    Args:
        true_age: `(B,)`, exact, in years.
        errors: `(B,)`, absolute, in years.
        width: Whole years in a class: 1 for single ages, 10 for bands of ten years.
    """
    errors = np.asarray(errors, dtype=np.float64)
    if errors.size == 0:
        return float("nan")
    _, classes = np.unique(np.asarray(true_age) // width, return_inverse=True)
    return float((np.bincount(classes, weights=errors) / np.bincount(classes)).mean())


def slope(true_age: npt.ArrayLike, age: npt.ArrayLike) -> float:
    """Return the slope of the least-squares line of predicted on true ages; NaN if all true ages are equal.

    1 is ideal. Below 1, predictions lean towards the middle of the range: young faces are estimated as older, old faces
    as younger than they are.

    Args:
        true_age: `(B,)`, exact, in years.
        age: `(B,)`, predicted, in years.
    """
    true, predicted = np.asarray(true_age, dtype=np.float64), np.asarray(age, dtype=np.float64)
    if true.size == 0:
        return float("nan")
    deviation = true - true.mean()
    spread = float(deviation @ deviation)
    return float(deviation @ predicted) / spread if spread > 0 else float("nan")


def age_peak(age: npt.ArrayLike, true_age: npt.ArrayLike) -> dict[str, float]:
    """Return the whole year at which most predicted ages pile up.

    A network that puts its probability into one year where it is unsure predicts this year too often.

    Args:
        age: `(B,)`, predicted, in years.
        true_age: `(N,)`, the exact labels, in years.

    Returns:
        `peak_age`, the year; `peak_share`, the share of predicted ages within `PEAK_YEARS` of it; `peak_label_share`,
        the share of exact labels that are this year, with which to compare it. NaN without rows.
    """
    ages, labels = np.asarray(age, dtype=np.float64), np.asarray(true_age, dtype=np.float64)
    if ages.size == 0:
        return dict.fromkeys(("peak_age", "peak_share", "peak_label_share"), float("nan"))
    nearest = np.round(ages)
    near = np.abs(ages - nearest) <= PEAK_YEARS
    shares = np.bincount(nearest[near].astype(int), minlength=MAX_AGE + 1) / ages.size
    year = int(shares.argmax())
    return {
        "peak_age": float(year),
        "peak_share": float(shares[year]),
        "peak_label_share": float((labels == year).mean()) if labels.size else float("nan"),
    }
