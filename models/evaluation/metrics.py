"""How good the predictions are: pure functions on a predictions table (`agelens.data_prep.core.tables.PREDICTIONS`).

Every metric is the mean of one column of `row_scores`, over the rows that it can judge. Ages (`mae`, `rmse`, `cs5`,
`bias`) and intervals (`coverage`, `width_*`) are judged on rows whose true age is exact; `interval_mae` on the rows
whose label is a span of years; groups on the rows whose label lies in one group; gender and ethnicity, where the model
tells them, on the rows whose source does so in the same terms.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.core.tables import PREDICTIONS
from agelens.models.calibration.age_bands import BAND_NAMES, TEN_YEARS
from agelens.models.calibration.intervals import label_errors
from agelens.models.serving.predictions import Decoded

Metrics = dict[str, float | int | None]

BOOTSTRAPPED = ("mae", "rmse", "cs5", "bias", "group_accuracy", "group_accuracy_one_off", "coverage", "gender_accuracy")
"""The metrics that `by_slice` gives 95 % intervals, as `<metric>_low` and `<metric>_high`."""

BLOCK = 2_000_000
"""Values that a bootstrap draws at once: a whole matrix of 1000 x 100,000 would take 800 MB."""

UNKNOWN = "unknown"
"""The slice of rows whose source does not tell."""


def predictions_table(rows: pd.DataFrame, decoded: Decoded) -> pd.DataFrame:
    """Return the predictions table of the rows of a split table and what was decoded for them, in the same order."""
    labels = {
        "true_age": rows["age"],
        "true_age_low": rows["age_low"],
        "true_age_high": rows["age_high"],
        "true_age_group": rows["age_group"],
    }
    predicted = {
        "age": decoded.age,
        "raw_age": decoded.raw_age,
        "age_low": decoded.age_low,
        "age_high": decoded.age_high,
        "age_group": decoded.age_group,
        "age_group_probability": decoded.age_group_probability,
    }
    attributes = {
        f"predicted_{attribute}": pd.Series(decoded.attribute_classes(attribute), index=rows.index, dtype="str")
        for attribute in ATTRIBUTES
    }
    table = rows[["image_id", "source", *ATTRIBUTES]].assign(**labels).assign(**predicted, **attributes)
    return table[PREDICTIONS.names].reset_index(drop=True)


def row_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Return one column per metric, one row per prediction; missing where the metric cannot judge that row.

    `rmse` is the squared error; `width` the width of the predicted interval, in years.
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
            "cs5": (error <= 5).astype(float).where(exact),
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


def _attribute_scores(table: pd.DataFrame, attribute: str) -> "pd.Series[float]":
    """Return 1 where an attribute is predicted as it is labelled, 0 where not, missing where either says nothing."""
    judged = table[attribute].isin(ATTRIBUTES[attribute].classes) & table[f"predicted_{attribute}"].notna()
    return (table[attribute] == table[f"predicted_{attribute}"]).astype(float).where(judged)


def summarise(table: pd.DataFrame) -> Metrics:
    """Return the metrics of a predictions table, None where no row can be judged.

    Counts: `rows`, `exact_rows`, `interval_rows` (labels that are a span of years), `grouped_rows`. Years: `mae`,
    `rmse`, `bias` (predicted minus true), `raw_mae`, `raw_bias` (of ages before calibration), `interval_mae`,
    `width_mean`, `width_median` (of the predicted interval). Shares in 0..1: `cs5` (error of at most 5 years),
    `group_accuracy`, `group_accuracy_one_off` (at most one group away), `coverage` (true age inside the predicted
    interval), `gender_accuracy`, `ethnicity_accuracy`.
    """
    return _summarise_scores(row_scores(table))


def median_baseline_mae(table: pd.DataFrame, train_median: float) -> float | None:
    """Return the MAE, on exact rows, of a model that always says the median age of the training split, in years."""
    return summarise(table.assign(age=float(train_median)))["mae"]


def by_slice(table: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> pd.DataFrame:
    """Return the metrics of every slice, with 95 % bootstrap intervals.

    Slices are `all`, `true_age` and `predicted_age` (bands of ten years), `source`, `gender` and `ethnicity`. The
    columns are `slice`, `value`, those of `summarise`, and `<metric>_low`, `<metric>_high` for each of `BOOTSTRAPPED`;
    missing where no row can be judged. Only values that occur have a row, but `all` always has one.

    The bootstrap draws rows: faces of one person count as independent, and a slice of a few rows looks surer than it
    is, so read its count as well.
    """
    scores = row_scores(table)
    rows: list[dict[str, object]] = [{"slice": "all", "value": "all", **_slice_metrics(scores, seed, resamples)}]
    for name, values in _slices(table).items():
        for value in sorted(values.unique()):
            metrics = _slice_metrics(scores[values == value], seed, resamples)
            rows.append({"slice": name, "value": value, **metrics})
    slices = pd.DataFrame(rows)
    measured = [name for name in rows[0] if name not in {"slice", "value"} and not name.endswith("rows")]
    # A column of None alone would stay a column of objects.
    return slices.astype(dict.fromkeys(measured, "float64"))


def by_band(slices: pd.DataFrame) -> dict[str, dict[str, Metrics]]:
    """Return what must hold in every band of ten years: by `true_age` and `predicted_age`, then by the band's name.

    Each band has its `exact_rows` (those with none are left out), `mae`, `bias`, `raw_bias` and `coverage`.

    Args:
        slices: What `by_slice` says.
    """
    columns = ["mae", "bias", "raw_bias", "coverage"]
    judged = slices[slices["exact_rows"] > 0]
    return {
        name: {
            str(row["value"]): {"exact_rows": int(row["exact_rows"]), **{metric: row[metric] for metric in columns}}
            for row in judged[judged["slice"] == name].to_dict("records")
        }
        for name in ("true_age", "predicted_age")
    }


def worst_band(slices: pd.DataFrame, *, min_rows: int = 50) -> tuple[str, float] | None:
    """Return the band of true age with the largest MAE and that MAE, among those with enough exact rows; or None."""
    bands = slices[(slices["slice"] == "true_age") & (slices["exact_rows"] >= min_rows)]
    if bands.empty:
        return None
    worst = bands.sort_values("mae", kind="stable").iloc[-1]
    return str(worst["value"]), float(worst["mae"])


def overall_intervals(slices: pd.DataFrame) -> Metrics:
    """Return the 95 % intervals of all rows, as `<metric>_low` and `<metric>_high`; None where no row can be judged.

    Args:
        slices: What `by_slice` says.
    """
    (overall,) = slices[slices["slice"] == "all"].to_dict("records")
    ends = [f"{metric}_{end}" for metric in BOOTSTRAPPED for end in ("low", "high")]
    return {str(name): None if np.isnan(overall[name]) else float(overall[name]) for name in ends}


def worst_cases(table: pd.DataFrame, count: int = 24) -> pd.DataFrame:
    """Return the rows with the largest errors, worst first, with the column `error` in years added."""
    error = label_errors(table["age"], table["true_age_low"], table["true_age_high"])
    return table.assign(error=error).sort_values(["error", "image_id"], ascending=[False, True]).head(count)


def bootstrap_interval(
    values: npt.ArrayLike, *, seed: int = 0, resamples: int = 1000, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of `values` `(B,)` (Efron & Tibshirani 1993, chapter 13).

    Both ends are NaN where there is no value.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.size == 0:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // values.size)
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    means = np.concatenate([values[rng.integers(values.size, size=(size, values.size))].mean(axis=1) for size in sizes])
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _summarise_scores(scores: pd.DataFrame) -> Metrics:
    means = scores.mean()
    counts: dict[str, int] = {
        "rows": len(scores),
        "exact_rows": int(scores["mae"].count()),
        "interval_rows": int(scores["interval_mae"].count()),
        "grouped_rows": int(scores["group_accuracy"].count()),
    }
    measured = {
        "mae": means["mae"],
        "rmse": np.sqrt(means["rmse"]),
        "cs5": means["cs5"],
        "bias": means["bias"],
        "raw_mae": means["raw_mae"],
        "raw_bias": means["raw_bias"],
        "group_accuracy": means["group_accuracy"],
        "group_accuracy_one_off": means["group_accuracy_one_off"],
        "coverage": means["coverage"],
        "width_mean": means["width"],
        "width_median": scores["width"].median(),
        "interval_mae": means["interval_mae"],
        **{f"{attribute}_accuracy": means[f"{attribute}_accuracy"] for attribute in ATTRIBUTES},
    }
    return {**counts, **{name: None if np.isnan(value) else float(value) for name, value in measured.items()}}


def _slice_metrics(scores: pd.DataFrame, seed: int, resamples: int) -> Metrics:
    metrics = _summarise_scores(scores)
    for name in BOOTSTRAPPED:
        low, high = bootstrap_interval(scores[name].dropna(), seed=seed, resamples=resamples)
        if name == "rmse":  # whose scores are squares
            low, high = math.sqrt(low), math.sqrt(high)
        metrics |= {f"{name}_low": low, f"{name}_high": high}
    return metrics


def _slices(table: pd.DataFrame) -> Mapping[str, "pd.Series[str]"]:
    return {
        "true_age": _bands(table["true_age"]),
        "predicted_age": _bands(table["age"]),
        "source": table["source"],
        "gender": table["gender"].fillna(UNKNOWN),
        "ethnicity": table["ethnicity"].fillna(UNKNOWN),
    }


def _bands(ages: "pd.Series[float]") -> "pd.Series[str]":
    """Return the band of ten years of each age; the names also sort by age."""
    band = np.searchsorted(TEN_YEARS, ages, side="right")
    return pd.Series(np.array(BAND_NAMES)[band], index=ages.index, dtype="str")
