"""`agelens summary`: numbers of photographs, metrics, where the report is, and what to do next."""

from collections.abc import Collection

import pandas as pd
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from agelens.data_prep.core.atomic import read_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import MANIFEST, REJECTED, SPLIT, read_table
from agelens.models.calibration.calibration import Calibration
from agelens.pipeline.config.lineage import mixed_states
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import warn


def print_summary() -> None:
    """Print a summary of the last run of the pipeline.

    Raises:
        DataError: There is no evaluation.
    """
    paths = Paths()
    if not (paths.overall.is_file() and paths.calibration.is_file()):
        msg = "There is no evaluation yet; run `make demo` or `dvc repro`."
        raise DataError(msg)
    metrics = read_json(paths.overall, required=dict.fromkeys(SHOWN, object))
    calibration = read_json(paths.calibration)
    manifest = read_table(paths.manifest, MANIFEST)
    console = Console()
    console.print(Panel(_rows_table(manifest, paths), title="photographs", expand=False))
    shown = _metrics_table(metrics, coverage=Calibration.from_json(calibration).coverage)
    console.print(Panel(shown, title="test split", expand=False))
    for line in mixed_states(paths):
        warn(line)
    for title, text in _where_and_next(paths, sources=set(manifest["source"])):
        console.print(f"{title:10}  {text}", highlight=False, markup=False)


SHOWN = ("mae", "median_baseline_mae", "cs5", "group_accuracy", "coverage")
"""The metrics of a summary."""


def _rows_table(manifest: pd.DataFrame, paths: Paths) -> Table:
    unlabelled = read_table(paths.manifest_rejected, REJECTED)
    later = [read_table(path, REJECTED) for path in (paths.faces_rejected, paths.grouped_rejected)]
    table = Table(box=None, show_header=False)
    table.add_row("read", str(len(manifest) + len(unlabelled)))
    for reason, count in pd.concat([unlabelled, *later])["reason"].value_counts().items():
        table.add_row(f"rejected: {reason}", str(count))
    for path in (paths.split_train, paths.split_val, paths.split_test):
        table.add_row(path.stem, str(len(read_table(path, SPLIT))))
    return table


def _metrics_table(metrics: dict[str, float | None], *, coverage: float) -> Table:
    table = Table(box=None, show_header=False)
    table.add_row("MAE", _number(metrics["mae"], "{:.2f} years"))
    table.add_row("MAE of always predicting the median age", _number(metrics["median_baseline_mae"], "{:.2f} years"))
    table.add_row("within 5 years (CS@5)", _number(metrics["cs5"], "{:.1%}"))
    table.add_row("age group correct", _number(metrics["group_accuracy"], "{:.1%}"))
    table.add_row(f"age inside the {100 * coverage:g} % interval", _number(metrics["coverage"], "{:.1%}"))
    return table


def _where_and_next(paths: Paths, *, sources: Collection[str]) -> list[tuple[str, str]]:
    """Return titles and texts about the results and the next steps."""
    # The names of runs do not sort by time, because some begin with "offline-".
    last = max(paths.wandb.glob("*run-*"), key=lambda run: run.stat().st_mtime, default=None)
    report = paths.report / "report.html"
    lines = [
        ("report", str(report) if report.is_file() else "none here; `dvc repro report` writes it"),
        ("W&B run", "none (WANDB_MODE=disabled)" if last is None else str(last)),
        ("next", "agelens predict PHOTO --model weights/exported"),
    ]
    if "utkface" not in sources:
        lines.append(("", "agelens use utkface, set sources.utkface.path, dvc repro"))
    return lines


def _number(value: float | None, form: str) -> str:
    return "none" if value is None else form.format(value)
