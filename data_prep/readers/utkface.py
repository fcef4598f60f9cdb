"""UTKFace: one face per file, with the labels in its name: `<age>_<gender>_<ethnicity>_<time>.jpg[.chip.jpg]`."""

import re
from collections.abc import Iterator
from pathlib import Path

from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.layout import find_folder, list_folders, list_images, wrong_folder

MAX_LABELLED_AGE = 116
"""The highest age of the data set, according to its authors; higher numbers are not ages."""

GENDERS = {"0": "male", "1": "female"}

ETHNICITIES = {"0": "White", "1": "Black", "2": "Asian", "3": "Indian", "4": "Other"}

LABEL_CORRECTIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("39", "20170116174525125"): ("male", "Black"),
    ("53", "20170116184028385"): ("female", "White"),
    ("61", "20170109142408075"): ("female", "Black"),
    ("61", "20170109150557335"): ("female", "Indian"),
}
"""Labels of the files that lack a field, by age and time (unique together), as users of the data set corrected them."""

WILD_FOLDERS = ("part1", "part2", "part3")
"""Folders of the release "in the wild"."""

LEADING_AGE = re.compile(r"([0-9]{1,3})_")
LIKE_UTKFACE = re.compile(r"[0-9]{1,3}_[0-9_]* ?(\.|jpg)")

EXPECTED = (
    "UTKFace must be a folder of files such as 26_1_2_20170116184024662.jpg.chip.jpg, "
    "or contain one named UTKFace (or part1, part2, part3)."
)
ADVICE = (
    "Get UTKFace.tar.gz from its authors' page, https://susanqq.github.io/UTKFace (for research only), and unpack it "
    "there. crop_part1 is a part of UTKFace and is read only if it is the folder itself."
)


def read_utkface(root: Path) -> Iterator[Record | Rejection]:
    """Read UTKFace, aligned or in the wild, from the folder of its images or from a folder above it.

    UTKFace does not identify people, so `subject` is None. It contains many duplicates, which only their pixels reveal.

    Raises:
        DataError: Neither the folder nor one below it contains UTKFace.
    """
    home, folders = _find_folders(root)
    for folder in folders:
        for path in list_images(folder):
            yield _read_name(path, relative=path.relative_to(home).as_posix())


def _find_folders(root: Path) -> tuple[Path, list[Path]]:
    """Return the folder that image names are relative to, and the folders to read."""
    aligned = find_folder(
        root, accept=lambda folder: (folder == root or folder.name.casefold() == "utkface") and _holds_faces(folder)
    )
    if aligned:
        return aligned, [aligned]
    in_the_wild = find_folder(root, accept=lambda folder: bool(_parts(folder)))
    if in_the_wild:
        return in_the_wild, _parts(in_the_wild)
    raise wrong_folder(root, expected=EXPECTED, advice=ADVICE)


def _parts(folder: Path) -> list[Path]:
    """Return the parts in a folder; each may lie in a folder of its own name, as some programs unpack archives."""
    parts = (child for child in list_folders(folder) if child.name in WILD_FOLDERS)
    places = ([part, *(child for child in list_folders(part) if child.name == part.name)] for part in parts)
    found = (next((place for place in nested if _holds_faces(place)), None) for nested in places)
    return [part for part in found if part is not None]


def _holds_faces(folder: Path) -> bool:
    return any(LIKE_UTKFACE.match(path.name) for path in list_images(folder))


def _read_name(path: Path, *, relative: str) -> Record | Rejection:
    leading = LEADING_AGE.match(path.name)
    if not leading:
        return Rejection(path, relative, "bad_name", "a name must begin with an age and an underscore")
    age = int(leading[1])
    if age > MAX_LABELLED_AGE:
        return Rejection(path, relative, "impossible_age", f"{age} years; the highest age is {MAX_LABELLED_AGE}")
    gender, ethnicity = _gender_and_ethnicity(path.name)
    return Record(path, relative, age, age, attributes={"gender": gender, "ethnicity": ethnicity})


def _gender_and_ethnicity(name: str) -> tuple[str | None, str | None]:
    """Return the labels in a name; some times have too few or too many digits, or lack the dot after them."""
    age, *codes, time = name.partition(".")[0].split("_")
    if len(codes) == 2 and codes[0] in GENDERS and codes[1] in ETHNICITIES:
        return GENDERS[codes[0]], ETHNICITIES[codes[1]]
    if (age, time) in LABEL_CORRECTIONS:
        return LABEL_CORRECTIONS[age, time]
    if len(codes) == 2:
        return GENDERS.get(codes[0]), ETHNICITIES.get(codes[1])
    return None, None
