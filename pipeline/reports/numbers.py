"""Numbers on a page, each with the file, the row and the key that it was read from, so that a test can compare them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from markupsafe import Markup, escape

NO_VALUE = "–"  # noqa: RUF001 (an en dash is what a table prints for "none")

Kind = Literal["text", "count", "years", "years1", "signed", "share", "points", "number"]
"""How a value is shown: as it is, a whole number, years with two decimals, with one or with a sign, a share in per
cent, a difference of shares in percentage points, a number with three significant digits, or all digits of its whole
part."""


@dataclass(frozen=True)
class Column:
    """A column of a table on a page.

    Args:
        heading: Its name.
        key: The key of its values.
        kind: How they are shown.
        ranged: Also show `<key>_low` to `<key>_high`, the 95 % interval.
    """

    heading: str
    key: str
    kind: Kind = "text"
    ranged: bool = False


class Record(Mapping[str, Any]):
    """One row of a file of results.

    Args:
        values: The row.
        file: Name of the file, for example `slices.csv`.
        row: Its row number from 0; None for a JSON file.
    """

    def __init__(self, values: Mapping[Any, Any], *, file: str, row: int | None = None) -> None:
        self._values = {str(name): value for name, value in values.items()}
        self._place = file if row is None else f"{file}:{row}"

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def has(self, key: str) -> bool:
        """Return whether there is a value."""
        return not is_missing(self._values.get(key))

    def show(self, key: str, kind: Kind, *, unit: bool = True) -> Markup:
        """Return a value as HTML, with its exact value and its origin; a dash if there is none."""
        value: Any = self._values.get(key)
        if is_missing(value):
            return Markup(NO_VALUE)
        if kind == "text":
            return escape(value)
        text = format_number(value, kind)
        text = text if unit else text.removesuffix(" %").removesuffix(" points")
        return Markup('<data value="{}" data-from="{}:{}">{}</data>').format(value, self._place, key, text)

    def interval(self, key: str, kind: Kind) -> Markup:
        """Return the 95 % interval of a value as HTML; empty if there is none."""
        if not self.has(f"{key}_low"):
            return Markup()
        low, high = self.show(f"{key}_low", kind, unit=False), self.show(f"{key}_high", kind)
        return Markup("{} to {}").format(low, high)


def records(table: pd.DataFrame, *, file: str) -> list[Record]:
    """Return the rows of a table that was read from a file; the index has the row numbers of the file."""
    rows = table.to_dict("records")
    return [Record(row, file=file, row=int(number)) for number, row in zip(table.index, rows, strict=True)]


def format_number(value: float, kind: Kind) -> str:
    """Return a number as text."""
    forms = {"years": "{:.2f}", "years1": "{:.1f}", "signed": "{:+.2f}", "count": "{:,.0f}", "number": "{:.3g}"}
    if kind == "number" and abs(value) >= 1000:
        return f"{value:,.0f}"
    if kind == "points":
        return f"{_unsigned_zero(f'{100 * value:+.1f}')} points"
    if kind == "share":
        return f"{100 * value:.1f} %"
    return _unsigned_zero(forms[kind].format(value))


def _unsigned_zero(text: str) -> str:
    """Return a number without its sign if it was rounded to zero."""
    return text.lstrip("+-") if set(text) <= set("+-0.") else text


def is_missing(value: object) -> bool:
    """Return whether a value is None or not a number."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def one_text(kind: Kind, count: int) -> list[Kind]:
    """Return the kinds of a table of one column of text, and of `count` columns of numbers."""
    return ["text", *([kind] * count)]


def plain_table(table: pd.DataFrame, kinds: Sequence[Kind]) -> list[list[str]]:
    """Return the cells of a table as text, each column as its kind says."""
    return [
        [
            NO_VALUE if is_missing(value) else str(value) if kind == "text" else format_number(value, kind)
            for value, kind in zip(row, kinds, strict=True)
        ]
        for row in table.itertuples(index=False)
    ]
