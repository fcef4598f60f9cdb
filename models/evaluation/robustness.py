"""The robustness table: errors of the same faces, clean and degraded."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from agelens.models.calibration.intervals import label_errors
from agelens.models.evaluation.bootstrap import bootstrap_interval
from agelens.models.evaluation.metrics import summarise

COLUMNS = (
    "condition",
    "faces",
    "mae",
    "change",
    "change_low",
    "change_high",
    "cs5",
    "bias",
    "coverage",
    "width_median",
    "group_accuracy",
    "located",
)


def sample_faces(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return about `count` rows of a split, spread evenly over the ages; those with an exact age if there are any.

    Args:
        table: Follows SPLIT.
        count: Number of rows; all, if there are not more.
    """
    exact = table[table["age_low"] == table["age_high"]]
    rows = (exact if len(exact) else table).sort_values(["age", "image_id"]).reset_index(drop=True)
    if count == 0 or rows.empty:
        return rows.head(0)
    places = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))
    return rows.iloc[places].reset_index(drop=True)


def compare_conditions(
    predictions: Mapping[str, pd.DataFrame], *, located: Mapping[str, float], seed: int = 0, resamples: int = 1000
) -> pd.DataFrame:
    """Return one row of metrics per condition.

    Args:
        predictions: A predictions table of the same faces, in the same order, for each condition; the first one is that
            without a degradation.
        located: For each condition, the share of faces whose points were located; NaN where faces are framed by box.
        seed: Of the bootstrap.
        resamples: Number of bootstrap samples, which are drawn by `group`.

    Returns:
        The columns `COLUMNS`: `mae` is the mean distance of predictions from their labels in years, and `change` its
        difference from the first condition, with its 95 % interval over the same faces. The other metrics are those of
        `agelens.models.evaluation.metrics.summarise`.
    """
    rows: list[dict[str, object]] = []
    clean = None
    for name, table in predictions.items():
        errors = label_errors(table["age"], table["true_age_low"], table["true_age_high"])
        clean = errors if clean is None else clean
        low, high = bootstrap_interval(errors - clean, table["group"], seed=seed, resamples=resamples)
        metrics = summarise(table)
        rows.append(
            {
                "condition": name,
                "faces": len(table),
                "mae": float(errors.mean()),
                "change": float((errors - clean).mean()),
                "change_low": low,
                "change_high": high,
                **{metric: metrics[metric] for metric in ("cs5", "bias", "coverage", "width_median", "group_accuracy")},
                "located": located[name],
            }
        )
    # A column of nothing but None would otherwise have the type object.
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[2:], "float64"))
