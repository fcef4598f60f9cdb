"""Exports a model to several formats, and shows size, differences and speed of each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from agelens.data_prep.core.errors import DataError
from agelens.models.exports.comparison import MAE_LOSS
from agelens.models.exports.export import check_target, write_export
from agelens.models.exports.format_names import FormatName
from agelens.pipeline.exports.sources import open_source
from agelens.pipeline.prediction.text import printable
from agelens.pipeline.progress import console, say
from agelens.pipeline.streams import reporting_full_output

COLUMNS = {"age": "age", "age_low": "low", "age_high": "high", "age_group": "group"}
"""Differences that the table shows, and their titles."""


def export_formats(
    names: Sequence[FormatName], *, out: Path, model: str | None, images: Sequence[Path], as_json: bool
) -> None:
    """Write each format to a folder of its name below `out`, and print a table or JSON.

    Raises:
        typer.Exit: With status 1, if a format could not be written; the others are.
        AgelensError: The model cannot be read, or a folder holds something else.
    """
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        check_target(out / name)
    source = open_source(model, images=images)
    written: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for name in chosen:
        with console.status(f"exporting to {name}"):
            try:
                content = write_export(
                    name,
                    source.network,
                    source.card,
                    folder=out / name,
                    faces=source.faces,
                    expected=source.expected,
                    mirror_average=source.mirror_average,
                )
            except DataError as error:
                failed[name.value] = printable(str(error))
                continue
        written.append({"folder": str(out / name), **content})
    _print(written, failed, as_json=as_json)
    if failed:
        raise typer.Exit(1)


def _print(written: Sequence[dict[str, Any]], failed: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        with reporting_full_output():
            typer.echo(json.dumps({"exports": written, "failed": failed}, indent=2))
    elif written:
        compared = written[0]["comparison"]
        say(f"mean differences from the model over {compared['crops']} crops ({compared['faces']}), in years;")
        say("group: share of other age groups; shares: distance of probabilities; MAE: its rise")
        Console().print(_table(written))
        say(f"each is in the folder of its format below {printable(str(Path(written[0]['folder']).parent))}")
        say(f"{written[0]['model']}; licence: {written[0]['licence']}")
    for line in failed.values():
        typer.secho(f"agelens: {line}", fg="red", err=True)


def _table(written: Sequence[dict[str, Any]]) -> Table:
    """Return a row for each export: its format, its size, its mean differences and its speed."""
    table = Table(box=None)
    table.add_column("format", no_wrap=True)
    for title in ("MB", *COLUMNS.values(), "shares", "MAE", "views/s"):
        table.add_column(title, justify="right")
    for content in written:
        found = content["comparison"]["mean_differences"]
        others = [value for name, value in found.items() if name not in {*COLUMNS, MAE_LOSS}]
        mae = f"{found[MAE_LOSS]:+.3f}" if MAE_LOSS in found else "-"
        shown = [f"{found[name]:.1%}" if name == "age_group" else f"{found[name]:.4f}" for name in COLUMNS]
        table.add_row(
            Path(content["folder"]).name,
            f"{content['bytes'] / 1e6:.1f}",
            *shown,
            f"{max(others):.4f}",
            mae,
            f"{content['views_per_second']:.0f}",
        )
    return table
