"""Write the report of an evaluation: charts, tables and words from the files of results."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.labels import ATTRIBUTES, AgeGroups
from agelens.models.calibration.calibration import Calibration
from agelens.pipeline.evaluation_report import error_charts, metric_charts, training_charts
from agelens.pipeline.evaluation_report.cases import choose_cases, describe_cases
from agelens.pipeline.evaluation_report.columns import (
    COMPARED,
    FAIRNESS,
    REFERENCES,
    ROBUSTNESS,
    SOURCES,
    THRESHOLDS,
    TRAINING_AGES,
    slice_columns,
)
from agelens.pipeline.evaluation_report.comparison import METRICS, changed_settings, verdict
from agelens.pipeline.evaluation_report.results import Results
from agelens.pipeline.reports.numbers import Record, is_missing, records
from agelens.pipeline.reports.page import PageChart, write_page

FEW_ROWS = 30
"""Slices with fewer exact ages are printed pale, because their metrics vary widely by chance."""

SLICES = {
    "true_age": "True age, bands of ten years",
    "predicted_age": "Predicted age, bands of ten years",
    **{name: f"{name.capitalize()}, as labelled by the source" for name in ATTRIBUTES},
    "source": "Source",
    "framing": "Framing",
}

SOURCE_OF_REFERENCES = "utkface"
"""The source on which most published errors were measured."""


@dataclass(frozen=True)
class Run:
    """What a report shows of a run beside its evaluation.

    Args:
        title: Names the model and the data, for example `efficientnet_lite0 on utkface`.
        history: The epochs of both phases.
        splits: Tables of the splits by name, before rebalancing.
        rejected: Tables of rejected rows by stage.
        lineage: Of `agelens.pipeline.evaluation_report.lineage.describe_run`.
        coverage: Share of true ages that the prediction intervals should contain, in 0..1.
        calibration: From calibration.json.
    """

    title: str
    history: pd.DataFrame
    splits: Mapping[str, pd.DataFrame]
    rejected: Mapping[str, pd.DataFrame]
    lineage: Mapping[str, Any]
    coverage: float = 0.9
    calibration: Calibration | None = None


@dataclass(frozen=True)
class PreviousRun:
    """The run that a report compares with.

    Args:
        about: Its run.json: the lineage.
        slices: Its slices.
        comparison: Of `agelens.pipeline.evaluation_report.comparison.compare`.
    """

    about: Mapping[str, Any]
    slices: pd.DataFrame
    comparison: Mapping[str, Any]


def draw_charts(
    results: Results, run: Run, groups: AgeGroups, previous: PreviousRun | None = None
) -> dict[str, PageChart]:
    """Return the charts of a report by name; those without data are left out."""
    slices = results.slices
    charts = {
        "mae_by_band": metric_charts.mae_by_band(slices),
        "error_by_age": error_charts.error_by_age(results.predictions),
        "mae_by_slice": metric_charts.mae_by_slice(slices),
        "groups_and_ages": error_charts.mae_by_group_and_age(results.predictions),
        "predicted_against_true": error_charts.predicted_against_true(results.predictions),
        "confusion": error_charts.confusion(results.predictions, groups),
        "coverage": metric_charts.coverage_by_band(slices, coverage=run.coverage),
        "history": training_charts.learning_curves(run.history),
        "learning_rate": training_charts.learning_rates(run.history),
        "age_distribution": training_charts.ages_by_split(run.splits),
    }
    if len(results.fairness):
        charts["standardised_mae"] = metric_charts.standardised_mae(results.fairness)
    if len(results.thresholds):
        charts["error_rates"] = metric_charts.error_rates(results.thresholds)
    if len(results.robustness):
        charts["robustness"] = metric_charts.changes(results.robustness)
    if previous:
        charts["two_runs"] = metric_charts.mae_of_two_runs(_bands_of_two_runs(slices, previous.slices))
    return charts


def write_report(
    path: Path,
    *,
    results: Results,
    run: Run,
    charts: Mapping[str, PageChart],
    previous: PreviousRun | None = None,
    crops: Mapping[str, Pixels] | None = None,
) -> None:
    """Write `report.html`.

    Args:
        path: The file.
        results: The evaluation.
        run: The run.
        charts: Of `draw_charts`.
        previous: The run before; None if it is not known.
        crops: Crops by `image_id` of the rows of `choose_cases`, or of some; None shows no faces.
    """
    overall = Record(results.overall, file="overall.json")
    slices = results.slices
    attributes = [name for name in ATTRIBUTES if overall.has(f"{name}_accuracy")]
    values = {
        "title": run.title,
        "overall": overall,
        "coverage": run.coverage,
        "calibration": run.calibration,
        "exported_attributes": [name for name in attributes if ATTRIBUTES[name].exported],
        "other_attributes": [name for name in attributes if not ATTRIBUTES[name].exported],
        "slice_columns": slice_columns(slices),
        "slices": {
            heading: rows
            for name, heading in SLICES.items()
            if (rows := records(slices[slices["slice"] == name], file="slices.csv"))
        },
        "few_rows": FEW_ROWS,
        "tables": _tables(results),
        "gaps": _gaps(results.fairness),
        "cases": describe_cases(choose_cases(results.predictions), crops),
        "faces_shown": crops is not None,
        "splits": _split_counts(run.splits),
        "rejected": _rejected_counts(run.rejected),
        "lineage": run.lineage,
        "previous": _previous(previous, run.lineage),
        "references": _references(),
        "reference_columns": REFERENCES,
        "ours": records(
            slices[(slices["slice"] == "source") & (slices["value"] == SOURCE_OF_REFERENCES)], file="slices.csv"
        ),
    }
    write_page(path, "report.html.j2", values, charts=charts, package="agelens.pipeline.evaluation_report")


def _tables(results: Results) -> dict[str, dict[str, Any]]:
    """Return the rows and columns of the tables that are shown as they are."""
    thresholds, fairness, ages = results.thresholds, results.fairness, results.training_ages
    zero_shot = results.zero_shot
    if len(thresholds):
        whole = thresholds["source"] == "all"
        thresholds, by_source = thresholds[whole], thresholds[~whole]
    else:
        by_source = thresholds
    if len(fairness):
        fairness = fairness[fairness["minus"].isna()]
    if len(zero_shot):
        zero_shot = zero_shot[zero_shot["slice"].isin(["all", "true_age"])]
    return {
        "thresholds": {"columns": THRESHOLDS, "rows": records(thresholds, file="thresholds.csv")},
        "thresholds_by_source": {"columns": THRESHOLDS, "rows": records(by_source, file="thresholds.csv")},
        "fairness": {"columns": FAIRNESS, "rows": records(fairness, file="fairness.csv")},
        "robustness": {"columns": ROBUSTNESS, "rows": records(results.robustness, file="robustness.csv")},
        "zero_shot": {
            "columns": slice_columns(zero_shot, source=True),
            "rows": records(zero_shot, file="zero_shot.csv"),
        },
        "sources": {"columns": SOURCES, "rows": records(results.sources, file="sources.csv")},
        "training_ages": {"columns": TRAINING_AGES, "rows": records(ages, file="training_ages.csv")},
    }


def _gaps(fairness: pd.DataFrame) -> list[Record]:
    """Return the largest standardised difference of each comparison."""
    return records(fairness[fairness["minus"].notna()], file="fairness.csv") if len(fairness) else []


def _previous(previous: PreviousRun | None, lineage: Mapping[str, Any]) -> dict[str, Any] | None:
    if previous is None:
        return None
    numbers = Record(previous.comparison, file="comparison.json")
    return {
        "about": previous.about,
        "numbers": numbers,
        "verdict": verdict(previous.comparison),
        "metrics": [(name, kind) for name, kind in METRICS.items() if numbers.has(f"{name}_change")],
        "names": COMPARED,
        "settings": changed_settings(lineage["params"], previous.about["params"]),
    }


def _bands_of_two_runs(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    parts = [
        table[(table["slice"] == "true_age") & table["mae"].notna()].assign(run=name)
        for name, table in {"this run": now, "previous run": before}.items()
    ]
    return pd.concat(parts)[["value", "run", "mae", "mae_low", "mae_high"]].sort_values(["value", "run"])


def _references() -> list[Record]:
    content = json.loads(
        files("agelens.pipeline.evaluation_report").joinpath("references.json").read_text(encoding="utf-8")
    )
    return [Record(entry, file="references.json", row=number) for number, entry in enumerate(content)]


def _split_counts(splits: Mapping[str, pd.DataFrame]) -> list[dict[str, object]]:
    return [
        {"split": name, "rows": len(table), "sources": sorted(table["source"].value_counts().items())}
        for name, table in splits.items()
    ]


def _rejected_counts(rejected: Mapping[str, pd.DataFrame]) -> list[dict[Hashable, object]]:
    """Return the number of rejected rows by stage and reason."""
    return [
        {"stage": stage, "reason": reason, "rows": rows}
        for stage, table in rejected.items()
        for reason, rows in table["reason"].value_counts().items()
        if not is_missing(reason)
    ]
