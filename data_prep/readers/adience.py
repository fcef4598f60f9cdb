"""Adience: faces from Flickr albums, labelled mostly with age intervals, in five folds that share no album.

The five regular folds are read. The frontal folds are not, because their faces are among those of the regular ones.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from agelens.data_prep.core.records import AgeKind, Record, Rejection
from agelens.data_prep.readers.layout import find_folder, is_present, read_lines, wrong_folder

FOLD_FILES = tuple(f"fold_{fold}_data.txt" for fold in range(5))

FIELD_COUNT = 12

GENDERS = {"m": "male", "f": "female"}
"""`u` (mostly babies) and an empty field mean unknown."""

RANGE = re.compile(r"\(([0-9]+), *([0-9]+)\)")

AGE_CORRECTIONS = {"(25, 23)": (25, 32)}
"""An error of the first release, corrected in the second."""

PUBLISHED = ((0, 2), (4, 6), (8, 12), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100))
"""The labels that are the classes of the published protocol, which leaves out all others (Levi & Hassner 2015)."""

EXPECTED = "Adience must be a folder with fold_0_data.txt to fold_4_data.txt (or some of them) and faces/."
ADVICE = (
    "Get the fold files and faces.tar.gz from https://talhassner.github.io/home/projects/Adience/Adience-data.html "
    "(for research only), and unpack them in that folder."
)


def read_adience(root: Path) -> Iterator[Record | Rejection]:
    """Read the regular folds that are present, in their order; both releases contain the same faces.

    `subject` is the person: `face_id`, which is unique over all folds and belongs to one album of one fold.

    Raises:
        DataError: Neither the folder nor one below it contains fold files, or faces.
    """
    folds = find_folder(root, accept=lambda folder: any((folder / name).is_file() for name in FOLD_FILES))
    home = find_folder(root, accept=lambda folder: (folder / "faces").is_dir())
    if folds is None or home is None:
        raise wrong_folder(root, expected=EXPECTED, advice=ADVICE)
    seen: set[str] = set()
    for path in (folds / name for name in FOLD_FILES if (folds / name).is_file()):
        for number, line in read_lines(path):
            if number > 1 or not line.startswith("user_id\t"):
                yield _read_line(line, fold=path, number=number, home=home, seen=seen)


def read_published_folds(root: Path) -> dict[str, int]:
    """Return the fold 0 to 4 of every face with a label of `PUBLISHED`, by the path of its image below the root.

    Whether the images are there makes no difference.

    Raises:
        DataError: Not all five fold files are in one folder, at the root or below it.
    """
    home = find_folder(root, accept=lambda folder: all((folder / name).is_file() for name in FOLD_FILES))
    if home is None:
        raise wrong_folder(root, expected="The published protocol needs all five fold files.", advice=ADVICE)
    folds: dict[str, int] = {}
    for fold, name in enumerate(FOLD_FILES):
        for _, line in read_lines(home / name):
            fields = [field.strip() for field in line.split("\t")]
            if len(fields) == FIELD_COUNT and _years(fields[3]) in PUBLISHED:
                folds.setdefault(_relative(*fields[:3]), fold)
    return folds


def _relative(user: str, original: str, face: str) -> str:
    return f"faces/{user}/coarse_tilt_aligned_face.{face}.{original}"


def _read_line(line: str, *, fold: Path, number: int, home: Path, seen: set[str]) -> Record | Rejection:
    place = f"{fold.name}:{number}"
    fields = [field.strip() for field in line.split("\t")]
    if len(fields) != FIELD_COUNT or not (all(fields[:2]) and fields[2].isdecimal()):
        return Rejection(fold, place, "bad_line", f"must hold {FIELD_COUNT} fields between tabs: {line!r}")
    user, original, face, age, gender = fields[:5]
    relative = _relative(user, original, face)
    path = home / relative
    if relative in seen:
        return Rejection(path, relative, "duplicate_row", f"{place}: the same face was labelled in an earlier line")
    seen.add(relative)
    if age in {"", "None"}:
        return Rejection(path, relative, "no_age", f"{place}: {age!r}")
    years = _years(age)
    if years is None:
        return Rejection(path, relative, "bad_age", f"{place}: {age!r}")
    if not is_present(path):
        return Rejection(path, relative, "missing", f"{place}: no such file")
    low, high = years
    kind: AgeKind = "exact" if age.isdecimal() else "interval"
    return Record(path, relative, low, high, kind, attributes={"gender": GENDERS.get(gender)}, subject=face)


def _years(age: str) -> tuple[int, int] | None:
    """Return lowest and highest age of a label such as `(8, 12)` or `35`; None for any other text."""
    if age in AGE_CORRECTIONS:
        return AGE_CORRECTIONS[age]
    if age.isdecimal():
        return int(age), int(age)
    found = RANGE.fullmatch(age)
    return (int(found[1]), int(found[2])) if found else None
