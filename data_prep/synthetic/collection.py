"""Writes the synthetic set: drawn portraits of all ages with exact labels, and the flaws that real sets have.

It serves the demonstration and the tests: nothing is downloaded, nobody is depicted, and every duplicate, conflict and
broken file in it is known.
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
"""File that says that a folder is ours, and how it was made."""

LABELS = "labels.csv"

RARE_AGES = (7, 38, 64, 85)
"""Ages of which one in ten stays, so that rebalancing has something to do; the others are moved to the year after."""

COPY_SHARE = 0.01
"""Share of portraits that are there a second time byte for byte, and again as many re-encoded."""

CONFLICTS = 2
"""Portraits that are there a second time with another age."""

CONFLICT_YEARS = 9

MIN_COUNT = 10


@dataclass(frozen=True)
class _File:
    """One file of the set: its subject, its number within the subject, its label and its bytes."""

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
    """Write `labels.csv` (path, age, gender, subject) and `images/<person>/<person>_<k>.jpg`, whole or not at all.

    Two or three portraits of each person are drawn, at ages that are uniform over 0..90 but for a few rare ones. Added
    to them are 1 % of exact copies and 1 % of smaller re-encoded ones, two copies with a contradicting age, and four
    files without a usable face (empty, cut off, no image, a landscape), all of them listed.

    Args:
        folder: Made anew; a synthetic set that is there already is replaced.
        count: Portraits to draw.
        seed: The same seed gives the same bytes, with the same OpenCV.
        size: Height and width of the pictures in pixels.
        progress: Called after each portrait with the number drawn so far.

    Raises:
        DataError: `count` is below 10, or the folder holds something else.
    """
    if count < MIN_COUNT:
        msg = f"count must be at least {MIN_COUNT} portraits. Received: {count}."
        raise DataError(msg)
    check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
    try:
        temporary.chmod(0o755)  # mkdtemp makes folders that only their owner can enter
        _write_files(temporary, _draw_files(count, seed=seed, size=size, progress=progress))
        about = {"count": count, "seed": seed, "size": size}
        (temporary / MARKER).write_text(json.dumps(about) + "\n")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_replaceable(folder: Path) -> None:
    """Raise `DataError` unless the folder is missing, empty or a synthetic set that this module wrote."""
    if not folder.exists() or (folder.is_dir() and ((folder / MARKER).is_file() or not any(folder.iterdir()))):
        return
    msg = f"{folder} must be missing, empty or a synthetic set (with {MARKER}). It holds something else: move it away."
    raise DataError(msg)


def spread_ages(count: int, *, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return `(count,)` whole years in random order: as evenly spread over 0..90 as it goes, but for the rare ages."""
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
    """Yield the portraits person by person, each person's copies behind them, then the files without a face."""
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
    """Return which portraits have a second file, and of which kind."""
    copies = max(1, round(COPY_SHARE * count))
    kinds = ["exact"] * copies + ["smaller"] * copies + ["conflict"] * CONFLICTS
    return dict(zip(rng.permutation(count).tolist(), kinds, strict=False))


def _draw_portraits(subject: str, *, ages: npt.NDArray[np.int64], seed: list[int], size: int) -> list[_File]:
    rng = np.random.default_rng(seed)
    person = sample_person(rng)
    return [
        # A label of 30 means somewhere in the thirty-first year of life.
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
    """Yield an empty file, a JPEG cut off in the middle, a text with the wrong name and a picture of nobody."""
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
