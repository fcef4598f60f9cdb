"""Schemas of tables, without pandas: `agelens predict` writes tables and starts faster without it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """One column: its name, type and meaning. In an `optional` column, values may be missing."""

    name: str
    kind: Literal["text", "int", "float", "bool"]
    meaning: str
    optional: bool = False


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
