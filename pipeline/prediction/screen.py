"""The table and the lines that `agelens predict` prints."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agelens.models.serving.model_card import ModelCard
from agelens.pipeline.prediction.predict import FilePrediction
from agelens.pipeline.prediction.tables import prediction_rows
from agelens.pipeline.prediction.text import printable

WIDE = 120
"""Minimum width of a terminal, in columns, in which boxes and scores are shown."""

NARROW = 70
"""Minimum width of a terminal in which there is room for a table; below, a face is a line."""


class FaceTable:
    """Collects a row per face and prints them.

    Args:
        card: Of the model.
        gender: Whether to show the gender.
    """

    def __init__(self, card: ModelCard, *, gender: bool) -> None:
        self.card, self.gender = card, gender
        self._rows: list[dict[str, str]] = []

    def add(self, found: FilePrediction, *, name: str) -> None:
        """Add the faces of one photograph."""
        if found.faces:
            self._rows += map(self._cells, prediction_rows(found, name=name, gender=self.gender))

    def print(self, console: Console) -> None:
        """Print a table, with boxes and scores if the terminal is wide enough, or lines if it is too narrow for one."""
        if console.width < NARROW:
            print_lines((self._line(row) for row in self._rows), console)
            return
        hidden = [] if console.width >= WIDE else ["box (x1 y1 x2 y2)", "score"]
        table = Table(box=None)
        for column in self._rows[0] if self._rows else ():
            if column == "photograph":
                table.add_column(column, overflow="fold")
            elif column not in hidden:
                table.add_column(column, no_wrap=True)
        for row in self._rows:
            # Text, because rich would read brackets and colons in a name as markup.
            table.add_row(*(Text(cell) for column, cell in row.items() if column not in hidden))
        if self._rows:
            console.print(table)

    def _cells(self, row: dict[str, object]) -> dict[str, str]:
        warning = f" ({row['warnings']})" if row["warnings"] else ""
        return {
            "photograph": printable(f"{row['path']}{warning}"),
            "face": str(row["face"]),
            "age": f"{row['age']:.1f}",
            f"{self.card.calibration.coverage:.0%} interval": f"{row['age_low']:.0f} to {row['age_high']:.0f}",
            "age group": str(row["age_group"]),
            **({"gender": str(row["gender"])} if self.gender else {}),
            "box (x1 y1 x2 y2)": " ".join(f"{row[name]:.0f}" for name in ("x1", "y1", "x2", "y2")),
            "score": "" if row["score"] is None else f"{row['score']:.2f}",
        }

    def _line(self, row: dict[str, str]) -> str:
        shown = list(row.values())
        return f"{shown[0]}: face {shown[1]}, age {shown[2]} ({shown[3]}), {', '.join(shown[4 : 5 + self.gender])}"


def print_lines(lines: Iterable[str], console: Console, *, style: str = "") -> None:
    """Print lines literally: names of files may contain what rich reads as markup, and control characters."""
    for line in lines:
        console.print(printable(line), style=style, highlight=False, markup=False, emoji=False, soft_wrap=True)
