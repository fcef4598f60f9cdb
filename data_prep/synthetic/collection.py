"""The synthetic data set: drawn portraits of all ages with exact labels, and the defects of real data sets.

It is for the demonstration and the tests: it needs no download, shows no real people, and all of its duplicates,
conflicting labels and unusable files are known.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import encode_jpeg
from agelens.data_prep.synthetic.person import Gender, sample_person
from agelens.data_prep.synthetic.photo import draw_landscape, draw_photo

MARKER = "synthetic.json"
"""File that identifies a folder of this module, with the arguments of `write_synthetic`."""

LABELS = "labels.csv"

RARE_AGES = (7, 38, 64, 85)
"""Ages of which only one in ten portraits is kept, for rebalancing; the others become one year older."""

COPY_SHARE = 0.01
"""Share of portraits with an identical copy, and of portraits with a re-encoded copy."""

CONFLICTS = 2
"""Number of portraits with a copy of another age."""

CONFLICT_YEARS = 9

MIN_COUNT = 10


@dataclass(frozen=True)
class _File:
    """One file of the data set: subject, number within the subject, label and content."""

    subject: str
    number: int
    age: int
    gender: Gender
    content: bytes

    @property
    def path(self) -> str:
        return f"images/{self.subject}/{self.subject}_{self.number}.jpg"


def write_synthetic(
    folder: Path, *, count: int, seed: int, size: int = 320, progress: Callable[[int], None] | None = None
) -> None:
    """Write `labels.csv` (path, age, gender, subject) and `images/<person>/<person>_<k>.jpg` atomically.

    Each person has two or three portraits, at ages that are uniform over 0..90 except for a few rare ones. There are
    also 1 % of exact copies, 1 % of smaller re-encoded copies, two copies with a conflicting age, and four files
    without a usable face (empty, truncated, not an image, a landscape). All files are in the table.

    Args:
        folder: Folder to write; an existing synthetic data set is replaced.
        count: Number of portraits.
        seed: The same seed gives the same bytes, with the same version of OpenCV.
        size: Height and width of the images in pixels.
        progress: Called after each portrait with the number of finished ones.

    Raises:
        DataError: `count` is below 10, or the folder has other content.
    """
    if count < MIN_COUNT:
        msg = f"count must be at least {MIN_COUNT} portraits. Received: {count}."
        raise DataError(msg)
    check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
    try:
        temporary.chmod(0o755)  # mkdtemp creates folders that only their owner can read
        _write_files(temporary, _draw_files(count, seed=seed, size=size, progress=progress))
        about = {"count": count, "seed": seed, "size": size}
        (temporary / MARKER).write_text(json.dumps(about) + "\n")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_replaceable(folder: Path) -> None:
    """Raise `DataError` unless the folder is missing, empty or a synthetic data set of this module."""
    if not folder.exists() or (folder.is_dir() and ((folder / MARKER).is_file() or not any(folder.iterdir()))):
        return
    msg = f"{folder} must be missing, empty or a synthetic data set (with {MARKER}). It has other content: move it."
    raise DataError(msg)


def spread_ages(count: int, *, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return whole years `(count,)` in random order, uniform over 0..90 except for the rare ages."""
    ages = rng.permutation(np.arange(count) * 91 // count)
    moved = np.isin(ages, RARE_AGES) & (rng.random(count) > 0.1)
    return np.asarray(ages + moved, dtype=np.int64)


def _write_files(folder: Path, files: Iterator[_File]) -> None:
    rows = []
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        rows.append({"path": file.path, "age": file.age, "gender": file.gender, "subject": file.subject})
    pd.DataFrame(rows).to_csv(folder / LABELS, index=False, lineterminator="\n")


def _draw_files(count: int, *, seed: int, size: int, progress: Callable[[int], None] | None) -> Iterator[_File]:
    """Yield the portraits and copies of each person, then the files without a face."""
    rng = np.random.default_rng(seed)
    ages = spread_ages(count, rng=rng)
    extras = _plan_copies(count, rng=rng)
    start = person = 0
    while start < count:
        several = range(start, min(start + 2 + person % 2, count))
        drawn = _draw_portraits(
            f"p{person:05d}", ages=ages[several.start : several.stop], seed=[seed, person], size=size
        )
        yield from drawn
        copies = [_copy(file, extras[i]) for i, file in zip(several, drawn, strict=True) if i in extras]
        for number, copy in enumerate(copies, start=len(drawn)):
            yield replace(copy, number=number)
        if progress is not None:
            for done in several:
                progress(done + 1)
        start, person = several.stop, person + 1
    yield from _unusable_files(rng, size=size)


def _plan_copies(count: int, *, rng: np.random.Generator) -> dict[int, str]:
    """Return the kind of copy of each portrait that has one."""
    copies = max(1, round(COPY_SHARE * count))
    kinds = ["exact"] * copies + ["smaller"] * copies + ["conflict"] * CONFLICTS
    return dict(zip(rng.permutation(count).tolist(), kinds, strict=False))


def _draw_portraits(subject: str, *, ages: npt.NDArray[np.int64], seed: list[int], size: int) -> list[_File]:
    rng = np.random.default_rng(seed)
    person = sample_person(rng)
    return [
        # A label of 30 means any time in the thirty-first year of life.
        _File(
            subject,
            number,
            age,
            person.gender,
            encode_jpeg(draw_photo(person, age=age + rng.random(), rng=rng, size=size)[0]),
        )
        for number, age in enumerate(ages.tolist())
    ]


def _copy(file: _File, kind: str) -> _File:
    if kind == "exact":
        return file
    if kind == "conflict":
        years = CONFLICT_YEARS if file.age < 45 else -CONFLICT_YEARS
        return replace(file, age=file.age + years)
    image = cv2.imdecode(np.frombuffer(file.content, np.uint8), cv2.IMREAD_COLOR_RGB)
    smaller = cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    return replace(file, content=encode_jpeg(np.asarray(smaller, dtype=np.uint8)))


def _unusable_files(rng: np.random.Generator, *, size: int) -> Iterator[_File]:
    """Yield an empty file, a truncated JPEG, a text file with the suffix of an image, and a landscape."""
    person = sample_person(rng)
    portrait = encode_jpeg(draw_photo(person, age=30, rng=rng, size=size)[0])
    landscape = encode_jpeg(draw_landscape(rng=rng, size=size))
    contents = {
        "empty": b"",
        "truncated": portrait[: len(portrait) // 2],
        "text": b"This is not an image.\n",
        "nobody": landscape,
    }
    for subject, content in contents.items():
        yield _File(subject, 0, 30, person.gender, content)
