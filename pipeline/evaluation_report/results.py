"""The files of an evaluation, as docs/evaluation.md defines them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.atomic import read_json
from agelens.data_prep.core.tables import PREDICTIONS, read_figures, read_table

TEXTS = ("age_origin", "ages", "attribute", "comparison", "condition", "minus", "slice", "source", "value")
"""The columns of the tables of an evaluation that hold text; all others hold numbers."""


@dataclass(frozen=True)
class Results:
    """The results of a run.

    Args:
        overall: overall.json.
        slices: slices.csv.
        predictions: predictions.csv.
        thresholds: thresholds.csv; without rows if an older run did not write it, as all tables below.
        fairness: fairness.csv.
        robustness: robustness.csv.
        zero_shot: zero_shot.csv.
        training_ages: training_ages.csv.
        sources: sources.csv.
    """

    overall: Mapping[str, Any]
    slices: pd.DataFrame
    predictions: pd.DataFrame
    thresholds: pd.DataFrame = field(default_factory=pd.DataFrame)
    fairness: pd.DataFrame = field(default_factory=pd.DataFrame)
    robustness: pd.DataFrame = field(default_factory=pd.DataFrame)
    zero_shot: pd.DataFrame = field(default_factory=pd.DataFrame)
    training_ages: pd.DataFrame = field(default_factory=pd.DataFrame)
    sources: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_results(folder: Path) -> Results:
    """Read the files of an evaluation.

    Raises:
        DataError: overall.json or predictions.csv is damaged.
    """
    return Results(
        overall=read_json(folder / "overall.json", required={"bias": object, "interval_rows": object}),
        predictions=read_table(folder / "predictions.csv", PREDICTIONS),
        **{
            name: _read(folder / f"{name}.csv")
            for name in ("slices", "thresholds", "fairness", "robustness", "zero_shot", "training_ages", "sources")
        },
    )


def _read(path: Path) -> pd.DataFrame:
    """Return a table, in which only empty fields are missing values: a source may be called "None"."""
    return read_figures(path, texts=TEXTS, keep_default_na=False, na_values=[""]) if path.is_file() else pd.DataFrame()
