"""Synthetic data set, as `agelens.data_prep.synthetic.collection` writes it."""

import csv
from collections.abc import Iterator
from pathlib import Path

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.layout import is_present
from agelens.data_prep.synthetic.collection import LABELS

GENDERS = ATTRIBUTES["gender"].classes

LABEL_COLUMNS = ("path", "age", "gender", "subject")


def read_synthetic(root: Path) -> Iterator[Record | Rejection]:
    """Yield one record or rejection for each line of `labels.csv`.

    Ages are exact. The photographs are not opened: later stages reject those without a usable face.

    Raises:
        DataError: The data set is missing, or its label file has other columns.
    """
    labels = root / LABELS
    if not labels.is_file():
        msg = f"The synthetic data set must be at {root}, with {LABELS}. There is none: run `agelens data synthetic`."
        raise DataError(msg)
    with labels.open(newline="", encoding="utf-8") as lines:
        table = csv.DictReader(lines)
        if tuple(table.fieldnames or ()) != LABEL_COLUMNS:
            msg = f"{labels} must have the columns {LABEL_COLUMNS}. Received: {table.fieldnames}."
            raise DataError(msg)
        for line in table:
            yield _read_row(root, line)


def _read_row(root: Path, line: dict[str, str]) -> Record | Rejection:
    path = root / line["path"]
    if not is_present(path):
        return Rejection(path, line["path"], "missing", f"listed in {LABELS}, but the file does not exist")
    if not line["age"].isdecimal():
        return Rejection(path, line["path"], "bad_age", f"age must be whole years. Received: {line['age']!r}")
    if line["gender"] not in GENDERS:
        return Rejection(path, line["path"], "bad_gender", f"must be one of {GENDERS}: {line['gender']!r}")
    age = float(line["age"])
    return Record(path, line["path"], age, age, attributes={"gender": line["gender"]}, subject=line["subject"] or None)
