"""Schemas of tables, without pandas: `agelens predict` writes tables and starts faster without it."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """One column: its name, type and meaning; numbers are finite.

    In an `optional` column, values may be missing. `low` and `high` limit its numbers. A `file` is a path that stays in
    its folder.
    """

    name: str
    kind: Literal["text", "file", "int", "float", "bool"]
    meaning: str
    optional: bool = False
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Schema:
    """A named table and its columns, in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    def extended(self, name: str, *columns: Column) -> "Schema":
        """Return a schema with more columns after the present ones."""
        return Schema(name, self.columns + columns)
