"""The sources of a table, and all of them together."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

ALL = "*"
"""The name of all sources together; no source can have it."""


def by_source(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield all rows as `ALL`, then the rows of each source, by name."""
    yield ALL, table
    for name in sorted(table["source"].unique()):
        yield name, table[table["source"] == name]


def number(value: Any, digits: int = 4) -> float | None:
    """Return a rounded number for a JSON file; None for a missing one."""
    return None if pd.isna(value) else round(float(value), digits)


def share(part: float, whole: float) -> float | None:
    """Return a share of 0..1; None of nothing."""
    return number(part / whole) if whole else None
