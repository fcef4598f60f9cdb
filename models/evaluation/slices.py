"""Metrics of slices of a predictions table, with bootstrap intervals: age bands, sources, framings and attributes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from agelens.data_prep.core.age_bands import band_names
from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.models.evaluation.bootstrap import bootstrap_means, percentile_interval
from agelens.models.evaluation.metrics import ATTRIBUTE_METRICS, COUNTS, Metrics, row_scores, summarise

BOOTSTRAPPED = (
    "mae",
    "rmse",
    "cs5",
    "bias",
    "group_accuracy",
    "group_accuracy_one_off",
    "coverage",
    "interval_mae",
    *ATTRIBUTE_METRICS,
)
"""The metrics with 95 % intervals, `<metric>_low` and `<metric>_high`."""

UNKNOWN = "unknown"
"""The slice of rows without a label of an attribute."""

MIN_BAND_FACES = 50
"""Exact rows of a band that can be the worst one."""


def by_slice(table: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> pd.DataFrame:
    """Return the metrics of every slice, with 95 % bootstrap intervals.

    The bootstrap draws groups (column `group`: the faces of one person, the files of one photograph), not rows, because
    the errors within a group are similar. A slice of few groups has too narrow intervals; see `rows` as well.

    Args:
        table: A predictions table.
        seed: Of the bootstrap.
        resamples: Number of bootstrap samples.

    Returns:
        One row per slice: `all`, `true_age` and `predicted_age` (bands of ten years), `source`, `framing` (how the
        network saw the face) and each attribute. The columns are `slice`, `value`, those of `summarise`, and
        `<metric>_low`, `<metric>_high` for each of `BOOTSTRAPPED`; missing where a metric applies to no row. Only
        values that occur have a row; `all` always has.
    """
    options = {"seed": seed, "resamples": resamples}
    rows: list[dict[str, object]] = [{"slice": "all", "value": "all", **_slice_metrics(table, **options)}]
    for name, values in _slices(table).items():
        for value in sorted(values.unique()):
            metrics = _slice_metrics(table[values == value], **options)
            rows.append({"slice": name, "value": value, **metrics})
    slices = pd.DataFrame(rows)
    measured = [name for name in rows[0] if name not in {"slice", "value", *COUNTS}]
    # A column of nothing but None would otherwise have the type object.
    return slices.astype(dict.fromkeys(measured, "float64"))


def by_source_and_slice(table: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> pd.DataFrame:
    """Return the slices of each source as `by_slice` does, with the name of the source in the first column.

    Args:
        table: A predictions table.
        seed: Of the bootstrap.
        resamples: Number of bootstrap samples.
    """
    parts = [
        by_slice(rows, seed=seed, resamples=resamples).assign(of_source=source)
        for source, rows in table.groupby("source")
    ]
    parts = parts or [by_slice(table, seed=seed, resamples=1).assign(of_source="").head(0)]
    joined = pd.concat(parts, ignore_index=True)
    joined.insert(0, "source", joined.pop("of_source"))
    return joined[joined["slice"] != "source"].reset_index(drop=True)


def worst_band(slices: pd.DataFrame, *, min_rows: int = MIN_BAND_FACES) -> tuple[str, float] | None:
    """Return the band of true age with the largest MAE, and that MAE; None if no band has enough exact rows.

    Args:
        slices: From `by_slice`.
        min_rows: Fewest exact rows of a band.
    """
    return _last_band(slices.sort_values("mae", kind="stable"), "mae", min_rows=min_rows)


def least_covered_band(slices: pd.DataFrame, *, min_rows: int = MIN_BAND_FACES) -> tuple[str, float] | None:
    """Return the band of true age with the lowest coverage, and that coverage; None if no band has enough exact rows.

    Args:
        slices: From `by_slice`.
        min_rows: Fewest exact rows of a band.
    """
    return _last_band(slices.sort_values("coverage", ascending=False, kind="stable"), "coverage", min_rows=min_rows)


def _last_band(ordered: pd.DataFrame, metric: str, *, min_rows: int) -> tuple[str, float] | None:
    bands = ordered[(ordered["slice"] == "true_age") & (ordered["exact_rows"] >= min_rows)]
    return None if bands.empty else (str(bands.iloc[-1]["value"]), float(bands.iloc[-1][metric]))


def _slice_metrics(table: pd.DataFrame, *, seed: int, resamples: int) -> Metrics:
    metrics, scores = summarise(table), row_scores(table)[list(BOOTSTRAPPED)]
    draws = np.full((1, len(BOOTSTRAPPED)), np.nan)
    if len(scores):
        draws = bootstrap_means(scores, table["group"], seed=seed, resamples=resamples)
    ends = dict(zip(BOOTSTRAPPED, zip(*percentile_interval(draws), strict=True), strict=True))
    ends["rmse"] = (np.sqrt(ends["rmse"][0]), np.sqrt(ends["rmse"][1]))  # its scores are squared errors
    for name, (low, high) in ends.items():
        metrics |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return metrics


def _slices(table: pd.DataFrame) -> Mapping[str, "pd.Series[str]"]:
    return {
        "true_age": pd.Series(band_names(table["true_age"]), index=table.index, dtype="str"),
        "predicted_age": pd.Series(band_names(table["age"]), index=table.index, dtype="str"),
        "source": table["source"],
        "framing": table["framing"],
        **{attribute: table[attribute].fillna(UNKNOWN) for attribute in ATTRIBUTES},
    }
