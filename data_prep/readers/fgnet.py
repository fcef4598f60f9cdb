"""FG-NET: 1,002 scanned photographs of 82 people at several ages, named `<person>A<age>[a|b].JPG`."""

import re
from collections.abc import Iterator
from pathlib import Path

from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.layout import find_folder, list_images, wrong_folder

NAME = re.compile(r"([0-9]{3})A([0-9]{2})[a-z]?\.jpe?g", re.IGNORECASE)
"""Copies of the data set mix upper and lower case. A last letter distinguishes two photographs at the same age."""

EXPECTED = "FG-NET must be a folder of files such as 001A02.JPG, or contain one (FGNET/images)."
ADVICE = "Get FGNET.zip from http://yanweifu.github.io/FG_NET_data (for research only), and unpack it in that folder."


def read_fgnet(root: Path) -> Iterator[Record | Rejection]:
    """Read FG-NET from the folder of its images or from a folder above it; age 0 is a valid age.

    Raises:
        DataError: Neither the folder nor one below it contains FG-NET.
    """
    folder = find_folder(root, accept=lambda folder: any(NAME.fullmatch(path.name) for path in list_images(folder)))
    if folder is None:
        raise wrong_folder(root, expected=EXPECTED, advice=ADVICE)
    for path in list_images(folder):
        yield _read_name(path)


def _read_name(path: Path) -> Record | Rejection:
    found = NAME.fullmatch(path.name)
    if not found:
        return Rejection(path, path.name, "bad_name", "a name must have the form 001A02.JPG or 001A02b.JPG")
    age = int(found[2])
    return Record(path, path.name, age, age, subject=found[1])
