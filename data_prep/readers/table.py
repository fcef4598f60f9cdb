"""Your own photographs: a CSV or Parquet table with a path and an age in each row.

Columns: `path` (relative to the table's folder, or an address such as `s3://bucket/photo.jpg`), `age` or both `age_low`
and `age_high`, in years; optional `subject` and one column per attribute (`gender`, `ethnicity`). Others are ignored.
An age may be a range such as `20-29`; see `agelens.data_prep.readers.age_text`.
"""

import csv
import math
import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.age_text import parse_age
from agelens.data_prep.readers.layout import is_present, wrong_folder
from agelens.data_prep.sources.remote import is_address

Fields = dict[str, str]

SUFFIXES = (".csv", ".parquet")

EXPECTED = "A table of labels must be a .csv or .parquet file, or a folder with exactly one of them."
ADVICE = f"Its columns are path and age (or age_low and age_high); optional are subject, {', '.join(ATTRIBUTES)}."


class _BadValueError(Exception):
    """A value of one row cannot be used.

    Args:
        reason: Short code of the rejection.
        detail: Description of what was found.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def read_label_table(root: Path) -> Iterator[Record | Rejection]:
    """Read a table of labels in its order.

    Args:
        root: The table, or a folder with exactly one.

    Raises:
        DataError: The table is missing, lacks a column or cannot be read, or pyarrow is not installed (Parquet).
    """
    table = _find_table(root)
    rows = _read_parquet(table) if table.suffix.lower() == ".parquet" else _read_csv(table)
    for number, row in rows:
        yield _read_row(row, table=table, number=number)


def _find_table(root: Path) -> Path:
    tables = [root] if root.is_file() else sorted(root.iterdir()) if root.is_dir() else []
    tables = [path for path in tables if path.suffix.lower() in SUFFIXES and path.is_file()]
    if len(tables) != 1:
        raise wrong_folder(root, expected=EXPECTED, advice=ADVICE)
    return tables[0]


def _check_columns(names: list[str], *, table: Path) -> None:
    if "path" not in names or not ("age" in names or {"age_low", "age_high"} <= set(names)):
        msg = f"{table} must have the columns path and age, or path, age_low and age_high. Received: {names}."
        raise DataError(msg)


def _read_csv(table: Path) -> Iterator[tuple[int, Fields | None]]:
    """Yield number and fields of each line; None instead of the fields if their number differs from the header's."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            names = [name.strip().lower() for name in next(lines, [])]
            _check_columns(names, table=table)
            for fields in lines:
                if any(field.strip() for field in fields):
                    values = (field.strip() for field in fields)
                    yield lines.line_num, dict(zip(names, values, strict=True)) if len(fields) == len(names) else None
    except (csv.Error, UnicodeDecodeError) as error:
        msg = f"{table} must be comma-separated text in UTF-8. Reading it failed: {error}."
        raise DataError(msg) from error


def _read_parquet(table: Path) -> Iterator[tuple[int, Fields | None]]:
    """Yield number, from 1, and values of each row as text."""
    try:
        content = pd.read_parquet(table)
    except ImportError as error:
        msg = f"Reading {table} needs pyarrow: pip install pyarrow, or save the table as CSV."
        raise DataError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{table} must be a Parquet file. Reading it failed: {error}."
        raise DataError(msg) from error
    names = [str(name).strip().lower() for name in content.columns]
    _check_columns(names, table=table)
    for number, values in enumerate(content.itertuples(index=False, name=None), start=1):
        yield number, dict(zip(names, map(_as_text, values), strict=True))


def _as_text(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124  only NaN differs from itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # pandas reads whole numbers as floats in a column with a missing value
    return str(value).strip()


def _read_row(row: Fields | None, *, table: Path, number: int) -> Record | Rejection:
    place = f"{table.name}:{number}"
    if row is None:
        return Rejection(table, place, "bad_line", f"{place}: more or fewer fields than the header")
    if not row["path"]:
        return Rejection(table, place, "no_path", f"{place}: path is empty")
    path = row["path"] if is_address(row["path"]) else table.parent / row["path"]
    relative = _image_name(path, folder=table.parent)
    try:
        low, high = _years(row)
        attributes = {name: _attribute(name, row[name]) for name in ATTRIBUTES if name in row}
    except _BadValueError as error:
        return Rejection(path, relative, error.reason, f"{place}: {error.detail}")
    if isinstance(path, Path) and not is_present(path):
        return Rejection(path, relative, "missing", f"{place}: no such file")
    return Record(
        path,
        relative,
        age_low=low,
        age_high=high,
        age_kind="exact" if low == high else "interval",
        attributes=attributes,
        subject=row.get("subject") or None,
    )


def _image_name(path: Path | str, *, folder: Path) -> str:
    """Return the path relative to the table's folder, with `up` for `..`, or an address without `://`."""
    if isinstance(path, str):
        return path.replace("://", "/")
    parts = Path(os.path.relpath(path, folder)).parts
    return "/".join("up" if part == os.pardir else part for part in parts)


def _years(row: Fields) -> tuple[float, float]:
    """Return lowest and highest age; an interval has priority over `age`, which may be a range too."""
    ends = [row.get("age_low", ""), row.get("age_high", "")]
    texts = ends if any(ends) else [row.get("age", "")]
    if not any(texts):
        reason, detail = "no_age", "age is empty"
        raise _BadValueError(reason, detail)
    ages = [parse_age(text) for text in texts]
    low, high = (math.nan if age is None else age[end] for age, end in ((ages[0], 0), (ages[-1], 1)))
    if not 0 <= low <= high < math.inf:
        reason, detail = "bad_age", f"{' to '.join(dict.fromkeys(texts))!r} years"
        raise _BadValueError(reason, detail)
    return low, high


def _attribute(name: str, text: str) -> str | None:
    spellings = ATTRIBUTES[name].spellings
    if not spellings:
        return text or None
    if text.lower() not in spellings:
        reason, detail = f"bad_{name}", f"{text!r}; use {' or '.join(ATTRIBUTES[name].classes)}, or leave it empty"
        raise _BadValueError(reason, detail)
    return spellings[text.lower()]
