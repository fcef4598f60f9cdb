"""`agelens summary`: what went in, what came out, where it lies, what to type next."""

import json

import pandas as pd
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from data_prep.errors import DataError
from data_prep.tables import MANIFEST, REJECTED, SPLIT, read_table
from pipeline.paths import Paths


def print_summary() -> None:
    """Print the summary of the last run.

    Raises:
        DataError: The pipeline has not been run to its end.
    """
    paths = Paths()
    if not paths.metrics.is_file():
        msg = "There is no evaluation yet; run `make demo` or `dvc repro`."
        raise DataError(msg)
    console = Console()
    console.print(Panel(_rows_table(paths), title="photographs", expand=False))
    console.print(Panel(_metrics_table(json.loads(paths.metrics.read_text())), title="test split", expand=False))
    runs = sorted(paths.wandb.glob("*run-*"))
    console.print(f"report      {paths.evaluation / 'report.html'}", highlight=False)
    console.print(f"W&B run     {runs[-1] if runs else 'none (WANDB_MODE=disabled)'}", highlight=False)
    console.print("next        agelens predict PHOTO --model weights/exported", highlight=False)
    console.print("            agelens use utkface, set sources.utkface.path, dvc repro", highlight=False)


def _rows_table(paths: Paths) -> Table:
    rejected = pd.concat(
        [read_table(path, REJECTED) for path in (paths.manifest_rejected, paths.faces_rejected, paths.grouped_rejected)]
    )
    table = Table(box=None, show_header=False)
    table.add_row("labelled", str(len(read_table(paths.manifest, MANIFEST))))
    for reason, count in rejected["reason"].value_counts().items():
        table.add_row(f"rejected: {reason}", str(count))
    for path in (paths.split_train, paths.split_val, paths.split_test):
        table.add_row(path.stem, str(len(read_table(path, SPLIT))))
    return table


def _metrics_table(metrics: dict[str, float | None]) -> Table:
    table = Table(box=None, show_header=False)
    table.add_row("MAE", _number(metrics["mae"], "{:.2f} years"))
    table.add_row("MAE of always saying the median age", _number(metrics["median_baseline_mae"], "{:.2f} years"))
    table.add_row("within 5 years (CS@5)", _number(metrics["cs5"], "{:.1%}"))
    table.add_row("age group right", _number(metrics["group_accuracy"], "{:.1%}"))
    table.add_row("90 % interval holds the age", _number(metrics["coverage"], "{:.1%}"))
    return table


def _number(value: float | None, form: str) -> str:
    return "none" if value is None else form.format(value)
