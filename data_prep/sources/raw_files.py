"""A cheap description of the raw files of a source, which changes with them: names, sizes and the content of labels.

It reads no photograph, so tens of thousands take less than a second. A photograph that is replaced by one of exactly
the same size is not noticed. Times of change are left out, because a copy of a data set has others.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.images import IMAGE_SUFFIXES
from agelens.data_prep.sources.remote import is_address

MAX_LABEL_BYTES = 100_000_000
"""Label files up to this size are hashed; larger files, such as archives, count by name and size."""


@dataclass(frozen=True)
class RawFiles:
    """The raw files of a source.

    Args:
        files: Their number.
        size: Their total size in bytes.
        sha256: Short hash of their names and sizes, and of the content of those that are no images.
    """

    files: int
    size: int
    sha256: str

    def to_json(self) -> dict[str, int | str]:
        """Return plain values for a JSON file."""
        return asdict(self)


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and its subfolders, but for hidden ones; a link counts as what it leads to.

    A folder is visited once, so that links in a circle end. A file is yielded itself, a missing folder yields nothing.
    """
    if folder.is_file():
        yield folder
        return
    visited: set[str] = set()
    for place, inner, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in visited:
            inner.clear()
            continue
        visited.add(real)
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def describe_raw_files(paths: Iterable[Path | str], *, root: Path) -> RawFiles:
    """Return the description of some files.

    Args:
        paths: The files; one that is missing, and an address such as `s3://bucket/photo.jpg`, counts by its name.
        root: Folder of the source; names are relative to it, so that the description does not depend on its place.
    """
    lines: set[str] = set()
    total = 0
    for path in paths:
        if isinstance(path, str) and is_address(path):
            lines.add(path)
            continue
        size, content = _state(Path(path))
        total += max(size, 0)
        lines.add(f"{os.path.relpath(path, root)}\0{size}\0{content}")
    digest = hashlib.sha256("\n".join(sorted(lines)).encode(errors="surrogateescape")).hexdigest()
    return RawFiles(len(lines), total, digest[:16])


def _state(path: Path) -> tuple[int, str]:
    """Return the size of a file, -1 if there is none, and the hash of its content if it may contain labels."""
    try:
        size = path.stat().st_size
        labels = path.suffix.lower() not in IMAGE_SUFFIXES and size <= MAX_LABEL_BYTES and path.is_file()
        return size, file_hash(path) if labels else ""
    except OSError:
        return -1, ""
