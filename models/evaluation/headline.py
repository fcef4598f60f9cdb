"""The numbers over all faces: the few that runs are compared by, and all of them."""

import math
from collections.abc import Mapping

import pandas as pd

from agelens.models.evaluation.metrics import COUNTS, Metrics
from agelens.models.evaluation.slices import least_covered_band, worst_band

DIGITS = 4
"""Decimals of stored metrics, so that a page that rounds further shows the same number wherever it reads it."""

HEADLINE = {
    "mae": "mae",
    "rmse": "rmse",
    "cs5": "cs5",
    "bias": "bias",
    "worst_band_mae": "worst_band",
    "coverage": "coverage",
    "width_median": "width",
    "group_accuracy": "accuracy",
}
"""The metrics by which runs are compared, and their names there, short enough for `dvc metrics show` in 120 columns."""


def overall_metrics(slices: pd.DataFrame, *, baseline: float | None) -> dict[str, float | int | str | None]:
    """Return all metrics over all rows: those of the slice `all`, the baseline and the worst band.

    Args:
        slices: From `agelens.models.evaluation.slices.by_slice`.
        baseline: `median_baseline_mae`, years.

    Returns:
        The columns of the slice, then `median_baseline_mae`, `worst_band` (its name), `worst_band_mae`,
        `least_covered_band` (its name) and `least_covered_band_coverage`; numbers have `DIGITS` decimals, and are None
        where a metric applies to no row.
    """
    (row,) = slices[slices["slice"] == "all"].drop(columns=["slice", "value"]).to_dict("records")
    worst, least = worst_band(slices), least_covered_band(slices)
    return {
        **{str(name): int(value) if name in COUNTS else _rounded(value) for name, value in row.items()},
        "median_baseline_mae": _rounded(baseline),
        "worst_band": worst[0] if worst else None,
        "worst_band_mae": _rounded(worst[1]) if worst else None,
        "least_covered_band": least[0] if least else None,
        "least_covered_band_coverage": _rounded(least[1]) if least else None,
    }


def headline_metrics(overall: dict[str, float | int | str | None]) -> Metrics:
    """Return the metrics of `HEADLINE` by their short names, without those that apply to no row.

    Where no label is exact, `interval_mae` takes the place of the errors of exact ages.

    Args:
        overall: From `overall_metrics`.
    """
    names = HEADLINE if overall["exact_rows"] else {"interval_mae": "interval_mae", **HEADLINE}
    found = {short: overall[name] for name, short in names.items()}
    return {name: value for name, value in found.items() if isinstance(value, float)}


def describe_no_better_than_median(overall: Mapping[str, float | int | str | None]) -> str | None:
    """Return a warning if the MAE is not below that of always predicting the median age, else None.

    Args:
        overall: From `overall_metrics`.
    """
    mae, baseline = overall["mae"], overall["median_baseline_mae"]
    if not isinstance(mae, float) or not isinstance(baseline, float) or mae < baseline:
        return None
    return (
        f"a test MAE of {mae:.2f} years is no better than {baseline:.2f}, that of always predicting the median age of "
        "the training rows: the network has learned nothing about age. Check the labels, the crops and the history"
    )


def rounded_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of metrics with its numbers rounded to `DIGITS` decimals."""
    return table.round(DIGITS)


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), DIGITS)
