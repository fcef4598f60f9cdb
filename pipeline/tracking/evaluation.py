"""What the W&B run of `evaluate` shows: every test row, the groups, ages and intervals as charts, metrics by slice."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.age_bands import band_names
from agelens.data_prep.core.images import read_rgb
from agelens.models.evaluation.slices import UNKNOWN
from agelens.pipeline.contact_sheets.sheet import fit_into_cell
from agelens.pipeline.tracking.run import Run

ROW_COLUMNS = (
    *("image_id", "source", "true_age", "age", "age_low", "age_high", "error", "inside", "band"),
    *("true_age_group", "age_group", "gender", "predicted_gender"),
)
"""Columns of the table of test rows; `crop` is before them where the run shows faces."""

MAX_ROWS = 10_000
"""Rows of a table that W&B shows."""

SUMMARY = (
    *("rows", "exact_rows", "mae", "rmse", "cs5", "bias", "group_accuracy", "group_accuracy_one_off"),
    *("coverage", "width_median", "p90", "interval_mae", "raw_mae", "median_baseline_mae", "worst_band_mae"),
)
"""Metrics in the summary of the run, by which runs are compared and sorted."""


def log_evaluation(
    tracked: Run,
    predictions: pd.DataFrame,
    slices: pd.DataFrame,
    *,
    overall: dict[str, Any],
    groups: Sequence[str],
    crops: Mapping[str, Path],
) -> None:
    """Log an evaluation; nothing if W&B is disabled.

    Args:
        tracked: The run of `evaluate`.
        predictions: The predictions table of the test split.
        slices: Metrics by slice.
        overall: Metrics over all rows.
        groups: Names of the age groups.
        crops: Files of the crops by `image_id`; the table of test rows shows them if the run may show faces.
    """
    tracked.summarise({f"test/{name}": overall[name] for name in SUMMARY if overall.get(name) is not None})
    if not tracked.active:
        return
    import wandb  # noqa: PLC0415

    rows = row_table(predictions, groups=groups)
    single = predictions[predictions["true_age_group"] >= 0]
    exact = rows[predictions["true_age_low"].to_numpy() == predictions["true_age_high"].to_numpy()]
    tracked.log(
        {
            "test/rows": wandb.Table(dataframe=_shown(rows, crops if tracked.may_show_faces() else None)),
            "test/slices": wandb.Table(dataframe=slices.astype(object).where(slices.notna(), None)),
            "test/age groups": wandb.plot.confusion_matrix(
                y_true=single["true_age_group"].tolist(), preds=single["age_group"].tolist(), class_names=list(groups)
            ),
            "test/predicted against true age": wandb.plot.scatter(
                wandb.Table(dataframe=exact[["true_age", "age"]]), "true_age", "age", title="predicted and true age"
            ),
            "test/coverage by band": wandb.plot.bar(
                wandb.Table(dataframe=_coverage(slices)), "band", "coverage", title="coverage by band of true age"
            ),
        }
    )


def row_table(predictions: pd.DataFrame, *, groups: Sequence[str]) -> pd.DataFrame:
    """Return one row of `ROW_COLUMNS` per prediction; `error` is predicted minus true age in years."""
    names = dict(enumerate(groups)) | {-1: UNKNOWN}
    table = predictions.assign(
        error=(predictions["age"] - predictions["true_age"]).round(2),
        inside=predictions["true_age"].between(predictions["age_low"], predictions["age_high"]),
        band=band_names(predictions["true_age"]),
        true_age_group=predictions["true_age_group"].map(names),
        age_group=predictions["age_group"].map(names),
    )[list(ROW_COLUMNS)]
    return table.astype(object).where(table.notna(), None)


def _shown(rows: pd.DataFrame, crops: Mapping[str, Path] | None) -> pd.DataFrame:
    """Return at most `MAX_ROWS` rows, spread evenly over the sources, with thumbnails of their crops if there are."""
    shown = rows.iloc[np.linspace(0, len(rows) - 1, min(MAX_ROWS, len(rows))).astype(int)].copy()
    if crops is not None:
        import wandb  # noqa: PLC0415

        cells = (fit_into_cell(read_rgb(crops[name])) for name in shown["image_id"])
        shown.insert(0, "crop", np.array([wandb.Image(data_or_path=cell, file_type="jpg") for cell in cells], object))
    return shown


def _coverage(slices: pd.DataFrame) -> pd.DataFrame:
    bands = slices[(slices["slice"] == "true_age") & slices["coverage"].notna()]
    return bands[["value", "coverage"]].rename(columns={"value": "band"})
