"""B3FD: celebrities of IMDB-WIKI and CACD, cleaned by face recognition; a folder per person, ages in label files.

Ages are the year of the photograph minus the year of birth. They are read from the label files and not from the names,
some of which contain malformed dates such as `1994-11-18.`, `1989-08-019` or `1980-05-00`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.layout import is_present, read_lines, wrong_folder

Subset = Literal["all", "iws", "cs", "imdb", "wiki"]

LABEL_FILES: dict[Subset, str] = {
    "all": "B3FD_age.csv",
    "iws": "B3FD-IWS_age.csv",
    "cs": "B3FD-CS_age.csv",
    "imdb": "B3FD-IMDB_age_gender.csv",
    "wiki": "B3FD-WIKI_age_gender.csv",
}

# The inner folder comes first, because a file system that ignores case finds b3fd/ under the name B3FD/.
IMAGE_FOLDERS = ("b3fd/B3FD", "B3FD/B3FD", "B3FD", "b3fd")
LABEL_FOLDERS = (
    *("B3FD_metadata", "metadata", "B3FD_metadata/B3FD_metadata", "metadata/B3FD_metadata"),
    *("b3fd/B3FD_metadata", "b3fd/metadata", "B3FD/B3FD_metadata", "B3FD/metadata"),
)

GENDERS = {"M": "male", "F": "female"}

BIRTH_AND_PHOTO_YEAR = re.compile(r"_[0-9]{4}-[0-9]+-[0-9]+\.?_([0-9]{4})\.[a-z]+$", re.IGNORECASE)
"""`..._<date of birth>_<photo year>.jpg`; names from CACD end with a number of four digits instead."""

WHOLE_NUMBER = re.compile(r"-?[0-9]+")

ADVICE = (
    "Get B3FD_images.tar.gz and B3FD_metadata.tar.gz as described at https://github.com/kbesenic/B3FD "
    "(for research only), and unpack both in that folder."
)


def read_b3fd(
    root: Path, *, subset: Subset = "wiki", min_photo_year: int | None = None
) -> Iterator[Record | Rejection]:
    """Read one of the label files of B3FD, in its order.

    Args:
        root: The folder that contains `B3FD/` and `B3FD_metadata/` (or `metadata/`).
        subset: `all`, `iws` (IMDB and WIKI), `cs` (CACD), `imdb` or `wiki`; only the last two label the gender.
        min_photo_year: Reject earlier photographs, where the name contains the year. `wiki` since 1980 is the selection
            of 33,873 images that published work with this data set has used.

    Raises:
        DataError: The images or the label file are missing.
        ParamsError: The subset is unknown.
    """
    if subset not in LABEL_FILES:
        msg = f"subset must be one of {', '.join(get_args(Subset))}. Received: {subset!r}."
        raise ParamsError(msg)
    images, labels = _find_parts(root, label_name=LABEL_FILES[subset])
    for number, line in read_lines(labels):
        if number > 1 or not _is_header(line):
            place = f"{labels.name}:{number}"
            yield _read_line(line, images=images, labels=labels, place=place, min_photo_year=min_photo_year)


def _find_parts(root: Path, *, label_name: str) -> tuple[Path, Path]:
    images = next((root / name for name in IMAGE_FOLDERS if (root / name).is_dir()), None)
    labels = next((root / name / label_name for name in LABEL_FOLDERS if (root / name / label_name).is_file()), None)
    if images is None or labels is None:
        expected = f"B3FD must be a folder with B3FD/ (images) and B3FD_metadata/{label_name}."
        raise wrong_folder(root, expected=expected, advice=ADVICE)
    return images, labels


def _is_header(line: str) -> bool:
    """Return whether a first line is `path age gender`; some copies of the label files have no header."""
    fields = line.split()
    return len(fields) > 1 and "/" not in fields[0] and not WHOLE_NUMBER.fullmatch(fields[1])


def _read_line(line: str, *, images: Path, labels: Path, place: str, min_photo_year: int | None) -> Record | Rejection:
    fields = line.split()
    if len(fields) not in {2, 3} or "/" not in fields[0]:
        return Rejection(labels, place, "bad_line", f"must be `person/file age [gender]`: {line!r}")
    relative, age = fields[:2]
    path = images / relative
    if not WHOLE_NUMBER.fullmatch(age):
        return Rejection(path, relative, "bad_age", f"{place}: {age!r}")
    photo_year = BIRTH_AND_PHOTO_YEAR.search(relative)
    if min_photo_year is not None and photo_year and int(photo_year[1]) < min_photo_year:
        return Rejection(path, relative, "old_photo", f"{place}: taken in {photo_year[1]}")
    if not is_present(path):
        return Rejection(path, relative, "missing", f"{place}: no such file")
    return Record(
        path,
        relative,
        age_low=int(age),
        age_high=int(age),
        age_kind="year_difference",
        attributes={"gender": GENDERS.get(fields[2])} if len(fields) == 3 else {},
        subject=relative.split("/")[0],
    )
