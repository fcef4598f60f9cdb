"""Values that a table must not hold: infinite numbers, impossible ages, empty intervals, paths out of a folder."""

from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.schema import Column, Schema

ORDERED = (("age_low", "age_high"), ("true_age_low", "true_age_high"), ("x1", "x2"), ("y1", "y2"))
"""Columns of which the first must not exceed the second."""

OUT_OF_THE_FOLDER = r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)"


def find_wrong_value(table: pd.DataFrame, schema: Schema) -> str | None:
    """Return what is wrong with the first wrong value of a table that has the columns of a schema; None if all fit.

    A missing value is not wrong.
    """
    for column in schema.columns:
        wrong, wanted = _wrong_rows(table[column.name], column)
        if wrong.any():
            row = table.index[wrong][0]
            value = str(table.loc[row, column.name])[:100]
            return f"Column {column.name} of a {schema.name} table must hold {wanted}; row {row} holds {value!r}."
    for first, second in ORDERED:
        if first in schema.names and second in schema.names and (wrong := table[first] > table[second]).any():
            row = table.index[wrong][0]
            pair = f"{table.loc[row, first]:g} and {table.loc[row, second]:g}"
            return f"{first} of a {schema.name} table must not exceed {second}; row {row} holds {pair}."
    return None


def _wrong_rows(values: "pd.Series[Any]", column: Column) -> tuple["pd.Series[Any]", str]:
    """Return which values of a column are wrong, and what they must be."""
    if column.kind == "file":
        return values.str.contains(OUT_OF_THE_FOLDER, na=False), "paths that stay in their folder"
    if column.kind not in {"int", "float"}:
        return pd.Series(np.zeros(len(values), dtype=bool), index=values.index), ""
    numbers = values.astype("float64")
    wrong = (numbers < column.low) | (numbers > column.high) | np.isinf(numbers)
    limits = [f"at least {column.low:g}"] if column.low > -np.inf else []
    limits += [f"at most {column.high:g}"] if column.high < np.inf else []
    return wrong, " ".join(["finite numbers", *([f"of {' and '.join(limits)}"] if limits else [])])
