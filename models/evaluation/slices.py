"""Metrics of slices of a predictions table, with bootstrap intervals: age bands, sources and attributes."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.models.calibration.age_bands import BAND_NAMES, TEN_YEARS
from agelens.models.evaluation.bootstrap import bootstrap_interval
from agelens.models.evaluation.metrics import ATTRIBUTE_METRICS, Metrics, row_scores, summarise_scores

BOOTSTRAPPED = (
    "mae",
    "rmse",
    "cs5",
    "bias",
    "group_accuracy",
    "group_accuracy_one_off",
    "coverage",
    *ATTRIBUTE_METRICS,
)
"""The metrics with 95 % intervals, `<metric>_low` and `<metric>_high`."""

UNKNOWN = "unknown"
"""The slice of rows without a label of an attribute."""

MIN_BAND_FACES = 50
"""Exact rows of a band that can be the worst one."""


def by_slice(table: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> pd.DataFrame:
    """Return the metrics of every slice, with 95 % bootstrap intervals.

    The bootstrap draws rows as if they were independent. Several faces of one person are not, and a slice of few rows
    has too narrow intervals; see the number of rows as well.

    Args:
        table: A predictions table.
        seed: Of the bootstrap.
        resamples: Number of bootstrap samples.

    Returns:
        One row per slice: `all`, `true_age` and `predicted_age` (bands of ten years), `source` and each attribute. The
        columns are `slice`, `value`, those of `summarise`, and `<metric>_low`, `<metric>_high` for each of
        `BOOTSTRAPPED`; missing where a metric applies to no row. Only values that occur have a row; `all` always has.
    """
    scores = row_scores(table)
    rows: list[dict[str, object]] = [{"slice": "all", "value": "all", **_slice_metrics(scores, seed, resamples)}]
    for name, values in _slices(table).items():
        for value in sorted(values.unique()):
            metrics = _slice_metrics(scores[values == value], seed, resamples)
            rows.append({"slice": name, "value": value, **metrics})
    slices = pd.DataFrame(rows)
    measured = [name for name in rows[0] if name not in {"slice", "value"} and not name.endswith("rows")]
    # A column of nothing but None would otherwise have the type object.
    return slices.astype(dict.fromkeys(measured, "float64"))


def worst_band(slices: pd.DataFrame, *, min_rows: int = MIN_BAND_FACES) -> tuple[str, float] | None:
    """Return the band of true age with the largest MAE, and that MAE; None if no band has enough exact rows.

    Args:
        slices: From `by_slice`.
        min_rows: Fewest exact rows of a band.
    """
    bands = slices[(slices["slice"] == "true_age") & (slices["exact_rows"] >= min_rows)]
    if bands.empty:
        return None
    worst = bands.sort_values("mae", kind="stable").iloc[-1]
    return str(worst["value"]), float(worst["mae"])


def _slice_metrics(scores: pd.DataFrame, seed: int, resamples: int) -> Metrics:
    metrics = summarise_scores(scores)
    for name in BOOTSTRAPPED:
        low, high = bootstrap_interval(scores[name].dropna(), seed=seed, resamples=resamples)
        if name == "rmse":  # its scores are squared errors
            low, high = math.sqrt(low), math.sqrt(high)
        metrics |= {f"{name}_low": low, f"{name}_high": high}
    return metrics


def _slices(table: pd.DataFrame) -> Mapping[str, "pd.Series[str]"]:
    return {
        "true_age": _bands(table["true_age"]),
        "predicted_age": _bands(table["age"]),
        "source": table["source"],
        **{attribute: table[attribute].fillna(UNKNOWN) for attribute in ATTRIBUTES},
    }


def _bands(ages: "pd.Series[float]") -> "pd.Series[str]":
    """Return the name of the band of ten years of each age."""
    band = np.searchsorted(TEN_YEARS, ages, side="right")
    return pd.Series(np.array(BAND_NAMES)[band], index=ages.index, dtype="str")
