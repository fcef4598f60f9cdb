"""The main figures of an exploration as a table in the terminal, with a column for each source."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

ROWS = (
    ("labelled photographs", "labels.rows", "{:,}"),
    ("ages: mean", "ages.mean", "{:.1f}"),
    ("ages: median", "ages.median", "{:.1f}"),
    ("ages: skewness", "ages.skewness", "{:.2f}"),
    ("largest band of ten years", "ages.largest_band", "{}"),
    ("  its share", "ages.largest_band_share", "{:.1%}"),
    ("largest band / smallest", "ages.band_imbalance", "{:.0f}"),
    ("without gender", "labels.missing_gender", "{:.1%}"),
    ("without ethnicity", "labels.missing_ethnicity", "{:.1%}"),
    ("ages that are intervals", "labels.interval", "{:.1%}"),
    ("tiny faces", "flags.tiny_face", "{:.1%}"),
    ("faces with little detail", "flags.low_detail", "{:.1%}"),
    ("margin of the crops, median", "medians.margin", "{:.3f}"),
    ("photos with several files", "duplicates.photos", "{:,}"),
    ("  with conflicting labels", "duplicates.conflicts", "{:,}"),
    ("rows to train on", "rows.rebalance", "{:,}"),
)
"""Title, place in a part of summary.json, and format of each row."""


def print_exploration(content: str) -> None:
    """Print the main figures of summary.json, all sources first if there are several."""
    summary = json.loads(content)
    parts: dict[str, Any] = dict(summary["sources"])
    if len(parts) > 1:
        parts = {"all": summary["all"], **parts}
    table = Table(box=None)
    for name in ("", *parts):
        table.add_column(name, justify="right" if name else "left")
    for title, place, form in ROWS:
        table.add_row(title, *(_format(part, place, form) for part in parts.values()))
    Console().print(table)


def _format(part: Mapping[str, Any], place: str, form: str) -> str:
    section, _, name = place.partition(".")
    value = part[section].get(name)
    return "none" if value is None else form.format(value)
