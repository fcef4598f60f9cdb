"""The report of an evaluation: one self-contained HTML file that can be mailed, printed and opened offline."""

import base64
import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.images import Pixels, encode_jpeg
from agelens.data_prep.core.labels import ATTRIBUTES, AgeGroups
from agelens.models.evaluation.metrics import median_baseline_mae, worst_cases
from agelens.models.evaluation.slices import worst_band
from agelens.pipeline.contact_sheets.sheet import draw_contact_sheet
from agelens.pipeline.html import render_html
from agelens.pipeline.reports.evaluation_plots import (
    draw_confusion,
    draw_coverage,
    draw_error_by_age,
    draw_mae_by_slice,
    draw_predicted_against_true,
)
from agelens.pipeline.reports.figures import figure_png

FEW_ROWS = 30
"""Slices with fewer exact ages are printed pale, because their metrics vary widely by chance."""

NO_VALUE = "–"  # noqa: RUF001 (an en dash is what a table prints for "none")

SLICES = {
    "true_age": "True age, bands of ten years",
    "predicted_age": "Predicted age, bands of ten years",
    **{name: f"{name.capitalize()}, as labelled by the source" for name in ATTRIBUTES},
    "source": "Source",
}

CAPTIONS = {
    "predicted_against_true": "Faces on the solid line are predicted exactly; those between the dotted lines are at "
    "most 5 years off.",
    "error_by_age": "Above zero, predictions are too high; below zero, too low. A model trained on few old faces "
    "predicts ages that are too low for them.",
    "confusion": "Each row is one true age group and sums to 100 %; correct predictions are on the diagonal.",
    "mae_by_slice": "If the intervals of two slices do not overlap, the difference is unlikely to be chance. A slice "
    "can have a larger error because its people are older or its images have a lower quality.",
    "coverage": "A dot below the dashed line is a band whose intervals are too narrow.",
    "history": "Phase 1 trains the heads on a frozen backbone; phase 2 also trains the upper part of the backbone.",
    "age_distribution": "Ages before rebalancing. The three curves should be similar.",
}


def draw_evaluation(
    predictions: pd.DataFrame, slices: pd.DataFrame, *, groups: AgeGroups, coverage: float = 0.9
) -> dict[str, Figure]:
    """Return the plots of an evaluation by name.

    Args:
        predictions: Predictions table of the test split.
        slices: Metrics by slice, as `agelens.models.evaluation.slices.by_slice` returns them.
        groups: The age groups.
        coverage: Share of true ages that the prediction intervals should contain, in 0..1.
    """
    return {
        "predicted_against_true": draw_predicted_against_true(predictions),
        "error_by_age": draw_error_by_age(predictions),
        "confusion": draw_confusion(predictions, groups),
        "mae_by_slice": draw_mae_by_slice(slices),
        "coverage": draw_coverage(slices, coverage=coverage),
    }


def write_report(  # noqa: PLR0913  each is a part of the page
    path: Path,
    *,
    title: str,
    predictions: pd.DataFrame,
    slices: pd.DataFrame,
    figures: Mapping[str, Figure],
    train_median: float,
    coverage: float = 0.9,
    splits: Mapping[str, pd.DataFrame] | None = None,
    rejected: Mapping[str, pd.DataFrame] | None = None,
    params: Mapping[str, object] | None = None,
    worst_crops: Mapping[str, Pixels] | None = None,
) -> None:
    """Write `report.html`.

    Args:
        path: The file.
        title: Names the model and the data, for example `efficientnet_lite0 on utkface`.
        predictions: Predictions table of the test split.
        slices: Metrics by slice, as `agelens.models.evaluation.slices.by_slice` returns them.
        figures: Plots by name, in the order of the page.
        train_median: Median age of the training split, in years: the prediction of the baseline.
        coverage: Share of true ages that the prediction intervals should contain, in 0..1.
        splits: Tables of the splits by name, before rebalancing.
        rejected: Tables of rejected rows by stage.
        params: The parameters, nested as in params.yaml.
        worst_crops: Crops of the rows of `worst_cases` by `image_id`, or of some of them. None shows no faces, so that
            the report can be shared even if the photographs cannot.
    """
    overall = slices[slices["slice"] == "all"].to_dict("records")[0]
    values = {
        "title": title,
        "overall": overall,
        "worst_band": worst_band(slices),
        "exported_attributes": [name for name in _evaluated_attributes(overall) if ATTRIBUTES[name].exported],
        "other_attributes": [name for name in _evaluated_attributes(overall) if not ATTRIBUTES[name].exported],
        "baseline": median_baseline_mae(predictions, train_median),
        "train_median": train_median,
        "coverage": coverage,
        "slices": {heading: slices[slices["slice"] == name].to_dict("records") for name, heading in SLICES.items()},
        "few_rows": FEW_ROWS,
        "figures": [
            {"name": name.replace("_", " "), "caption": CAPTIONS.get(name, ""), "data": _base64(figure_png(figure))}
            for name, figure in figures.items()
        ],
        "worst": [{**row, "label": _label(row)} for row in worst_cases(predictions).to_dict("records")],
        "worst_sheet": _worst_sheet(predictions, worst_crops or {}),
        "splits": _split_counts(splits or {}),
        "rejected": _rejected_counts(rejected or {}),
        "params": list(_flat(params or {})),
    }
    filters = {"years": years, "percent": percent, "thousands": thousands}
    write_text(path, render_html("report.html.j2", values, package="agelens.pipeline.reports", filters=filters))


def years(value: float | None, digits: int = 2) -> str:
    """Return a number of years as text, or a dash for a missing one."""
    return NO_VALUE if _missing(value) else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """Return a share of 0..1 as text in per cent, or a dash for a missing one."""
    return NO_VALUE if share is None or _missing(share) else f"{100 * share:.1f} %"


def thousands(number: float) -> str:
    """Return a whole number with thousands separators."""
    return f"{int(number):,}"


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _evaluated_attributes(overall: Mapping[Hashable, Any]) -> list[str]:
    """Return the attributes that the model predicts and some source labels."""
    return [name for name in ATTRIBUTES if not _missing(overall[f"{name}_accuracy"])]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _worst_sheet(predictions: pd.DataFrame, crops: Mapping[str, Pixels]) -> str | None:
    """Return the contact sheet of the worst cases that have a crop, as base64 of a JPEG."""
    shown = [row for row in worst_cases(predictions).to_dict("records") if row["image_id"] in crops]
    if not shown:
        return None
    captions = [f"true {_label(row)}\npredicted {row['age']:.0f}" for row in shown]
    sheet = draw_contact_sheet([crops[row["image_id"]] for row in shown], captions, columns=6)
    return _base64(encode_jpeg(sheet))


def _label(row: Mapping[Hashable, Any]) -> str:
    low, high = row["true_age_low"], row["true_age_high"]
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _split_counts(splits: Mapping[str, pd.DataFrame]) -> list[dict[str, object]]:
    return [
        {"split": name, "rows": len(table), "sources": sorted(table["source"].value_counts().items())}
        for name, table in splits.items()
    ]


def _rejected_counts(rejected: Mapping[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Return the number of rejected rows by stage and reason."""
    return [
        {"stage": stage, "reason": reason, "rows": rows}
        for stage, table in rejected.items()
        for reason, rows in table["reason"].value_counts().items()
    ]


def _flat(params: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the parameters as dotted names and values."""
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
