"""The table of faces that stand out: a row for each condition, a column for each source."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from agelens.data_prep.exploration.parts import ALL
from agelens.pipeline.reports.numbers import Column, Kind, Record, records


class FlagRow(Mapping[str, Any]):
    """A condition with its share in each source, each from its own row of the table `flags`.

    Args:
        name: Of the condition.
        meaning: What it says.
        shares: The row of each source.
    """

    def __init__(self, name: str, meaning: str, shares: Mapping[str, Record]) -> None:
        self._texts = {"name": name.replace("_", " "), "meaning": meaning}
        self._shares = shares

    def __getitem__(self, key: str) -> Any:
        return self._texts[key] if key in self._texts else self._shares[key]["share"]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._texts, *self._shares))

    def __len__(self) -> int:
        return len(self._texts) + len(self._shares)

    def has(self, key: str) -> bool:
        """Return whether there is a value."""
        return key in self._texts or key in self._shares

    def show(self, key: str, kind: Kind) -> str:
        """Return a value as HTML, as `Record.show` does."""
        return self._texts[key] if key in self._texts else self._shares[key].show("share", kind)


def flag_columns(flags: pd.DataFrame, *, every: str) -> list[Column]:
    """Return the columns: the condition, the sources, first all of them (`every`) if there are several, the meaning."""
    names = [source for source in flags["source"].unique() if source != ALL]
    shown = [ALL, *names] if len(names) > 1 else names
    columns = [Column(every if name == ALL else name, name, "share") for name in shown]
    return [Column("condition", "name"), *columns, Column("meaning", "meaning")]


def flag_rows(flags: pd.DataFrame, meanings: Mapping[str, str]) -> list[FlagRow]:
    """Return the rows.

    Args:
        flags: The rows of the table `flags` for all ages, with the row numbers of its file.
        meanings: What each condition says, by name.
    """
    rows = records(flags, file="tables/flags.csv")
    return [
        FlagRow(name, meaning, {row["source"]: row for row in rows if row["flag"] == name})
        for name, meaning in meanings.items()
    ]
