"""FairFace: label files `fairface_label_{train,val}.csv` with age intervals, gender and ethnicity (`race`)."""

import csv
from collections.abc import Iterator
from pathlib import Path

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.age_text import parse_age
from agelens.data_prep.readers.layout import find_folder, is_present, read_lines, wrong_folder

LABEL_FILES = ("fairface_label_train.csv", "fairface_label_val.csv")
COLUMNS = {"file", "age", "gender", "race"}

EXPECTED = f"FairFace must be a folder with {' or '.join(LABEL_FILES)}, or contain one, with train/ and val/ beside it."
ADVICE = (
    "Get the label files and one of the two archives of images from https://github.com/joojs/fairface, and unpack them "
    "in that folder."
)


def read_fairface(root: Path) -> Iterator[Record | Rejection]:
    """Read the label files that are present, in their order.

    Ages that a spreadsheet program has turned into dates are read as what they were: `03-Sep` is 3 to 9.

    Raises:
        DataError: Neither the folder nor one below it contains a label file, or a label file lacks a column.
    """
    folder = find_folder(root, accept=lambda folder: any((folder / name).is_file() for name in LABEL_FILES))
    if folder is None:
        raise wrong_folder(root, expected=EXPECTED, advice=ADVICE)
    for path in (folder / name for name in LABEL_FILES if (folder / name).is_file()):
        yield from _read_file(path)


def _read_file(path: Path) -> Iterator[Record | Rejection]:
    lines = ((number, next(csv.reader([line]), [])) for number, line in read_lines(path))
    _, header = next(lines, (0, []))
    names = [name.strip().lower() for name in header]
    if not set(names) >= COLUMNS:
        msg = f"{path} must have the columns {', '.join(sorted(COLUMNS))}. Received: {', '.join(names) or 'none'}."
        raise DataError(msg)
    for number, fields in lines:
        row = {name: field.strip() for name, field in zip(names, fields, strict=False)}
        yield _read_row(row, path=path, place=f"{path.name}:{number}")


def _read_row(row: dict[str, str], *, path: Path, place: str) -> Record | Rejection:
    if not row.keys() >= COLUMNS or not row["file"]:
        return Rejection(path, place, "bad_line", f"{place}: a field is missing")
    image, relative = path.parent / row["file"], row["file"]
    years, gender = parse_age(row["age"]), row["gender"].lower()
    if years is None or not 0 <= years[0] <= years[1]:
        return Rejection(image, relative, "bad_age", f"{place}: {row['age']!r} is no age interval")
    if gender not in ATTRIBUTES["gender"].spellings:
        return Rejection(image, relative, "bad_gender", f"{place}: {row['gender']!r}")
    if not is_present(image):
        return Rejection(image, relative, "missing", f"{place}: no such file")
    attributes = {"gender": ATTRIBUTES["gender"].spellings[gender], "ethnicity": row["race"] or None}
    return Record(image, relative, *years, age_kind="interval", attributes=attributes)
