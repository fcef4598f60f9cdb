"""Metrics of predictions: pure functions on a predictions table (`agelens.data_prep.core.tables.PREDICTIONS`).

Most metrics are the mean of one column of `row_scores`, over the rows to which it applies. Metrics of ages (`mae`,
`rmse`, `cs5`, `bias`, percentiles) and of prediction intervals (`coverage`, `width_*`) apply to rows with an exact age,
`interval_mae` to rows with an age interval, metrics of age groups to rows whose label lies in one group, and the
accuracy of an attribute to rows that have one of its classes as label and a prediction.
"""

import numpy as np
import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.models.calibration.intervals import label_errors
from agelens.models.evaluation.distribution import age_peak, error_percentiles, macro_mae, slope

Metrics = dict[str, float | int | None]

ATTRIBUTE_METRICS = tuple(f"{attribute}_accuracy" for attribute in ATTRIBUTES)

CS_YEARS = 5
"""Errors of at most this many years, not of less, count for `cs5`, as in the literature on age estimation."""

COUNTS = ("rows", "exact_rows", "interval_rows", "grouped_rows", "zero_widths")
"""The metrics that are numbers of rows."""


def row_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Return one column per metric and one row per prediction; missing where the metric does not apply.

    The column `rmse` holds squared errors, `width` the width of the prediction interval in years.
    """
    exact = table["true_age_low"] == table["true_age_high"]
    grouped = table["true_age_group"] >= 0
    error = pd.Series(label_errors(table["age"], table["true_age_low"], table["true_age_high"]), index=table.index)
    groups_off = (table["age_group"] - table["true_age_group"]).abs()
    inside = (table["age_low"] <= table["true_age"]) & (table["true_age"] <= table["age_high"])
    return pd.DataFrame(
        {
            "mae": error.where(exact),
            "rmse": error.pow(2).where(exact),
            "cs5": (error <= CS_YEARS).astype(float).where(exact),
            "bias": (table["age"] - table["true_age"]).where(exact),
            "raw_mae": (table["raw_age"] - table["true_age"]).abs().where(exact),
            "raw_bias": (table["raw_age"] - table["true_age"]).where(exact),
            "group_accuracy": (groups_off == 0).astype(float).where(grouped),
            "group_accuracy_one_off": (groups_off <= 1).astype(float).where(grouped),
            "coverage": inside.astype(float).where(exact),
            "width": (table["age_high"] - table["age_low"]).where(exact),
            "interval_mae": error.where(~exact),
            **{f"{attribute}_accuracy": _attribute_scores(table, attribute) for attribute in ATTRIBUTES},
        }
    )


def summarise(table: pd.DataFrame) -> Metrics:
    """Return the metrics of a predictions table; None where a metric applies to no row.

    Counts: `rows`, `exact_rows`, `interval_rows`, `grouped_rows` (labels in one age group), `zero_widths` (prediction
    intervals without a width). Years: `mae`, `rmse`, `bias` (predicted minus true), `raw_mae`, `raw_bias` (before
    calibration), `p90`, `p95`, `p99` (percentiles of absolute errors), `macro_mae` (mean of the MAE at each whole year
    of age), `band_macro_mae` (mean of the MAE of each band of ten years), `interval_mae`, `width_mean`, `width_median`
    (of prediction intervals), `peak_age`. `slope`: of predicted on true ages, in years per year. Shares in 0..1: `cs5`
    (errors of at most 5 years), `group_accuracy`, `group_accuracy_one_off` (at most one group away), `coverage` (true
    age inside the prediction interval), `peak_share` and `peak_label_share` (see
    `agelens.models.evaluation.distribution.age_peak`), and `<attribute>_accuracy` for each of `ATTRIBUTES`.
    """
    scores = row_scores(table)
    means = scores.mean()
    exact = table[scores["mae"].notna()]
    errors = scores["mae"].dropna()
    measured = {
        "mae": means["mae"],
        "rmse": np.sqrt(means["rmse"]),
        "cs5": means["cs5"],
        "bias": means["bias"],
        "raw_mae": means["raw_mae"],
        "raw_bias": means["raw_bias"],
        **error_percentiles(errors),
        "macro_mae": macro_mae(exact["true_age"], errors, width=1),
        "band_macro_mae": macro_mae(exact["true_age"], errors, width=10),
        "slope": slope(exact["true_age"], exact["age"]),
        "group_accuracy": means["group_accuracy"],
        "group_accuracy_one_off": means["group_accuracy_one_off"],
        "coverage": means["coverage"],
        "width_mean": means["width"],
        "width_median": scores["width"].median(),
        "interval_mae": means["interval_mae"],
        **age_peak(table["age"], exact["true_age"]),
        **{metric: means[metric] for metric in ATTRIBUTE_METRICS},
    }
    return {
        "rows": len(scores),
        "exact_rows": int(scores["mae"].count()),
        "interval_rows": int(scores["interval_mae"].count()),
        "grouped_rows": int(scores["group_accuracy"].count()),
        "zero_widths": int((table["age_high"] <= table["age_low"]).sum()),
        **{name: None if np.isnan(value) else float(value) for name, value in measured.items()},
    }


def median_baseline_mae(table: pd.DataFrame, train_median: float) -> float | None:
    """Return the MAE in years, on exact rows, of always predicting the median age of the training split."""
    return summarise(table.assign(age=float(train_median)))["mae"]


def worst_cases(table: pd.DataFrame, count: int = 24) -> pd.DataFrame:
    """Return the rows with the largest errors, largest first, with the additional column `error` in years."""
    error = label_errors(table["age"], table["true_age_low"], table["true_age_high"])
    return table.assign(error=error).sort_values(["error", "image_id"], ascending=[False, True]).head(count)


def _attribute_scores(table: pd.DataFrame, attribute: str) -> "pd.Series[float]":
    """Return 1 where the predicted class is the label, 0 where not; missing without a label or a prediction."""
    applies = table[attribute].isin(ATTRIBUTES[attribute].classes) & table[f"predicted_{attribute}"].notna()
    return (table[attribute] == table[f"predicted_{attribute}"]).astype(float).where(applies)
