"""The report of an evaluation: one HTML file that holds its pictures, loads nothing and can be mailed or printed."""

import base64
import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.images import Pixels, encode_jpeg
from agelens.data_prep.core.labels import AgeGroups
from agelens.models.evaluation.metrics import median_baseline_mae, worst_band, worst_cases
from agelens.pipeline.reports.contact_sheet import draw_contact_sheet
from agelens.pipeline.reports.html import render_page
from agelens.pipeline.reports.plots import (
    draw_age_distribution,
    draw_confusion,
    draw_coverage,
    draw_error_by_age,
    draw_history,
    draw_mae_by_slice,
    draw_predicted_against_true,
    figure_png,
)

FEW_ROWS = 30
"""Slices with fewer exact ages are printed pale: their numbers are mostly luck."""

NO_VALUE = "–"  # noqa: RUF001 (an en dash is what a table prints for "none")

SLICES = {
    "true_age": "True age, bands of ten years",
    "predicted_age": "Predicted age, bands of ten years",
    "gender": "Gender, as the source labels it",
    "ethnicity": "Ethnicity, in the source's own terms",
    "source": "Source",
}

CAPTIONS = {
    "predicted_against_true": "Faces on the solid line are right; those between the dotted lines are within 5 years.",
    "error_by_age": "Above zero the model says too old, below too young. Models that learn from few old faces pull "
    "the old towards the middle.",
    "confusion": "Each row is one true age group and sums to 100 %; the diagonal is right.",
    "mae_by_slice": "Where the intervals of two slices do not overlap, the difference is hardly chance. A slice may be "
    "worse because its people are older or its pictures poorer.",
    "coverage": "A dot below the dashed line is a band where the interval promises too much.",
    "history": "Phase 1 trains the heads on a frozen backbone, phase 2 also the upper part of the backbone.",
    "age_distribution": "Before rebalancing; the splits should look alike.",
}


def evaluation_figures(
    predictions: pd.DataFrame,
    slices: pd.DataFrame,
    *,
    groups: AgeGroups,
    coverage: float = 0.9,
    history: pd.DataFrame | None = None,
    splits: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, Figure]:
    """Return every picture of an evaluation by its name, which serves as the stem of its file."""
    figures = {
        "predicted_against_true": draw_predicted_against_true(predictions),
        "error_by_age": draw_error_by_age(predictions),
        "confusion": draw_confusion(predictions, groups),
        "mae_by_slice": draw_mae_by_slice(slices),
        "coverage": draw_coverage(slices, coverage=coverage),
    }
    if history is not None:
        figures["history"] = draw_history(history)
    if splits is not None:
        figures["age_distribution"] = draw_age_distribution(splits)
    return figures


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
        slices: What `by_slice` says of it.
        figures: By name, as `evaluation_figures` returns them.
        train_median: Median age of the training split, in years: what a model without eyes would say.
        coverage: Share of true ages that the intervals are to hold, in 0..1.
        splits: Tables of the splits by name, before rebalancing.
        rejected: Tables of rejected rows by stage.
        params: The parameters, nested as in params.yaml.
        worst_crops: Crops of some or all rows of `worst_cases` by `image_id`. None leaves all faces out of the report,
            which may then be shared where the photographs may not.
    """
    overall = slices[slices["slice"] == "all"].to_dict("records")[0]
    values = {
        "title": title,
        "overall": overall,
        "worst_band": worst_band(slices),
        "tells_gender": not _missing(overall["gender_accuracy"]),
        "tells_ethnicity": not _missing(overall["ethnicity_accuracy"]),
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
    write_text(path, render_page("report.html.j2", values, filters=filters))


def years(value: float | None, digits: int = 2) -> str:
    """Return years as text, a dash where there are none."""
    return NO_VALUE if _missing(value) else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """Return a share of 0..1 as text in per cent, a dash where there is none."""
    return NO_VALUE if share is None or _missing(share) else f"{100 * share:.1f} %"


def thousands(number: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{int(number):,}"


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _worst_sheet(predictions: pd.DataFrame, crops: Mapping[str, Pixels]) -> str | None:
    """Return the contact sheet of those worst cases that have a crop, as JPEG in base64."""
    shown = [row for row in worst_cases(predictions).to_dict("records") if row["image_id"] in crops]
    if not shown:
        return None
    captions = [f"true {_label(row)}\nsaid {row['age']:.0f}" for row in shown]
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
    """Return the rejected rows by stage and reason."""
    return [
        {"stage": stage, "reason": reason, "rows": rows}
        for stage, table in rejected.items()
        for reason, rows in table["reason"].value_counts().items()
    ]


def _flat(params: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
