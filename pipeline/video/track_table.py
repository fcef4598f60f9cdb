"""Tracks for programs and for people: rows of a CSV file, objects of JSON, a table in the terminal."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from agelens.pipeline.video.analysis import Track

COLUMNS = (
    *("track", "first_seconds", "last_seconds", "frames", "views"),
    *("age", "age_low", "age_high", "age_group", "gender"),
)

HEADER = ",".join(COLUMNS)

MIN_SECONDS = 0.5
"""Shorter tracks are left out: they are often false or belong to a longer one."""


def track_rows(tracks: Iterable[Track], *, gender: bool) -> list[dict[str, Any]]:
    """Return a row of `COLUMNS` for each track that is long enough and has an age, in the order of appearance."""
    rows = []
    for track in tracks:
        age = track.age
        if age is None or track.last_seconds - track.first_seconds < MIN_SECONDS:
            continue
        values = (
            *(track.number, round(track.first_seconds, 2), round(track.last_seconds, 2), track.frames, age.views),
            *(round(age.age, 1), round(age.interval[0], 1), round(age.interval[1], 1), age.age_group),
            age.gender if gender else None,
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as the text of a CSV file."""
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return lines.getvalue()


def as_table(rows: Sequence[dict[str, Any]], *, gender: bool) -> Table:
    """Return rows as a table for the terminal."""
    table = Table(box=None)
    for name in ("person", "seconds", "frames", "age", "interval", "age group", *(["gender"] if gender else [])):
        table.add_column(name, no_wrap=True)
    for row in rows:
        cells = [
            str(row["track"]),
            f"{row['first_seconds']:.1f} to {row['last_seconds']:.1f}",
            str(row["frames"]),
            f"{row['age']:.1f}",
            f"{row['age_low']:.0f} to {row['age_high']:.0f}",
            row["age_group"],
        ]
        table.add_row(*cells, *([row["gender"] or ""] if gender else []))
    return table
