"""The columns of the tables of the report; the keys are those of docs/evaluation.md."""

from collections.abc import Mapping

import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.pipeline.reports.numbers import Column

THRESHOLDS = (
    Column("Threshold", "threshold", "count"),
    Column("Source", "source"),
    Column("Ages", "ages"),
    Column("Faces under it", "under_faces", "count"),
    Column("of these predicted as over it", "false_positive_rate", "share", ranged=True),
    Column("Faces over it", "over_faces", "count"),
    Column("of these predicted as under it", "false_negative_rate", "share", ranged=True),
)

FAIRNESS = (
    Column("Group", "value"),
    Column("Faces", "faces", "count"),
    Column("Mean age", "mean_age", "years1"),
    Column("MAE at own ages", "plain_mae", "years"),
    Column("Ages compared", "ages"),
    Column("MAE at equal ages", "mae", "years", ranged=True),
    Column("Bias", "bias", "signed", ranged=True),
    Column("Within 5 years", "cs5", "share", ranged=True),
    Column("Inside interval", "coverage", "share", ranged=True),
)

ROBUSTNESS = (
    Column("Condition", "condition"),
    Column("Faces", "faces", "count"),
    Column("MAE", "mae", "years"),
    Column("Change", "change", "signed", ranged=True),
    Column("Within 5 years", "cs5", "share"),
    Column("Bias", "bias", "signed"),
    Column("Inside interval", "coverage", "share"),
    Column("Points located", "located", "share"),
)

TRAINING_AGES = (
    Column("Attribute", "attribute"),
    Column("Class", "value"),
    Column("Faces", "faces", "count"),
    Column("Mean age", "mean_age", "years1"),
    Column("Median age", "median_age", "years1"),
    Column("Standard deviation", "age_sd", "years1"),
    Column("Variance of age explained", "age_variance_explained", "share"),
)

SOURCES = (
    Column("Source", "source"),
    Column("Ages are", "age_origin"),
    Column("Exact ages", "exact_share", "share"),
    Column("Faces of the training split", "train_faces", "count"),
    Column("of the test split", "test_faces", "count"),
)

REFERENCES = (
    Column("Model", "name"),
    Column("Test faces", "test"),
    Column("MAE", "mae", "years"),
    Column("Within 5 years", "cs5", "share"),
    Column("Protocol", "protocol"),
)

COMPARED: Mapping[str, str] = {
    "mae": "MAE, years",
    "rmse": "RMSE, years",
    "bias": "Bias, years",
    "cs5": "Within 5 years",
    "group_accuracy": "Age group correct",
    "coverage": "True age inside the interval",
    "width_median": "Median width of the interval, years",
}
"""Names of the metrics of a comparison."""


def slice_columns(slices: pd.DataFrame, *, source: bool = False) -> tuple[Column, ...]:
    """Return the columns of a table of slices; columns that add nothing are left out.

    Args:
        slices: slices.csv or zero_shot.csv.
        source: Whether the rows are of several sources.
    """
    columns = (
        *([Column("Source", "source")] if source else []),
        Column("True age" if source else "Slice", "value"),
        Column("Faces", "rows", "count"),
        Column("with exact age", "exact_rows", "count"),
        Column("MAE", "mae", "years", ranged=True),
        Column("RMSE", "rmse", "years", ranged=True),
        Column("Bias", "bias", "signed", ranged=True),
        Column("Bias before calibration", "raw_bias", "signed"),
        Column("Within 5 years", "cs5", "share", ranged=True),
        Column("Outside age interval, years", "interval_mae", "years", ranged=True),
        Column("Group correct", "group_accuracy", "share", ranged=True),
        Column("At most one away", "group_accuracy_one_off", "share", ranged=True),
        Column("Inside interval", "coverage", "share", ranged=True),
        Column("Interval width", "width_mean", "years1"),
        *(
            Column(f"{name.capitalize()} correct", f"{name}_accuracy", "share", ranged=True)
            for name, attribute in ATTRIBUTES.items()
            if attribute.exported
        ),
    )
    return tuple(column for column in columns if column.key in slices and not _is_idle(slices, column.key))


def _is_idle(slices: pd.DataFrame, key: str) -> bool:
    """Return whether a column has no value, or only those of the column that it belongs to."""
    other = {"exact_rows": "rows", "raw_bias": "bias"}.get(key)
    return bool(slices[key].isna().all() or (other and slices[key].equals(slices[other])))
