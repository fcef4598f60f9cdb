"""All-Age-Faces (AAF): 13,322 photographs of one person each, named `<number>A<age>.jpg`, ages 2 to 80."""

import re
from collections.abc import Iterator
from pathlib import Path

from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.layout import find_folder, list_images, wrong_folder

NAME = re.compile(r"([0-9]{5})A([0-9]{2})\.jpe?g", re.IGNORECASE)

LAST_FEMALE = 7380
"""Photographs up to this number are of women and girls, those after it of men and boys."""

ALIGNED = {"aglined faces", "aligned faces"}
"""The archive also has aligned copies under the same names, in a folder with a misspelt name; they have no margin."""

EXPECTED = "All-Age-Faces must be a folder of files such as 00001A02.jpg, or contain one (original images)."
ADVICE = "Get it from https://github.com/JingchunCheng/All-Age-Faces-Dataset, and unpack it in that folder."


def read_aaf(root: Path) -> Iterator[Record | Rejection]:
    """Read All-Age-Faces from the folder of its original images or from a folder above it.

    Raises:
        DataError: Neither the folder nor one below it contains its original images.
    """
    folder = find_folder(root, accept=_has_originals)
    if folder is None:
        raise wrong_folder(root, expected=EXPECTED, advice=ADVICE)
    for path in list_images(folder):
        yield _read_name(path)


def _has_originals(folder: Path) -> bool:
    return folder.name.casefold() not in ALIGNED and any(NAME.fullmatch(path.name) for path in list_images(folder))


def _read_name(path: Path) -> Record | Rejection:
    found = NAME.fullmatch(path.name)
    if not found:
        return Rejection(path, path.name, "bad_name", "a name must have the form 00001A02.jpg")
    age, gender = int(found[2]), "female" if int(found[1]) <= LAST_FEMALE else "male"
    return Record(path, path.name, age, age, attributes={"gender": gender})
