"""Find a data set below a folder, and list its files in an order that does not depend on the file system."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import IMAGE_SUFFIXES

MAX_DEPTH = 3
"""How many levels below the given folder are searched; archives nest their content at most this deep."""

MAX_NAMES = 8
"""How many names of files an error message lists."""


def find_folder(root: Path, *, accept: Callable[[Path], bool]) -> Path | None:
    """Return the first folder that `accept` returns true for: `root`, or one at most `MAX_DEPTH` levels below.

    Folders are tried level by level and by name, and only the first is returned, because some published archives
    contain a copy of themselves, of which every image would be counted twice.
    """
    level = [root] if root.is_dir() and _is_open(root) else []
    for _ in range(MAX_DEPTH + 1):
        for folder in level:
            if accept(folder):
                return folder
        level = [child for folder in level for child in list_folders(folder)]
    return None


def list_folders(folder: Path) -> list[Path]:
    """Return the readable folders directly in `folder`, sorted by name."""
    with os.scandir(folder) as entries:
        return _by_name([entry for entry in entries if _is_folder(entry) and _is_open(Path(entry.path))])


def list_images(folder: Path) -> list[Path]:
    """Return the image files directly in `folder`, sorted by name; upper-case suffixes and links count too."""
    with os.scandir(folder) as entries:
        return _by_name(
            [entry for entry in entries if Path(entry.name).suffix.lower() in IMAGE_SUFFIXES and not _is_folder(entry)]
        )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_open(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _by_name(entries: list[os.DirEntry[str]]) -> list[Path]:
    return [Path(entry.path) for entry in sorted(entries, key=lambda entry: (entry.name.casefold(), entry.name))]


def is_present(path: Path) -> bool:
    """Return whether a file exists that a label names; a name that no file can have is one that does not exist."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long
        return False


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number, from 1, and text of the lines of a label file that are not blank.

    All kinds of line ends are accepted and a byte-order mark is skipped. Bytes that are not UTF-8 are read as `�`, so
    that only the photograph of such a line is reported as missing and the other lines can be used.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line.rstrip("\n")


def wrong_folder(root: Path, *, expected: str, advice: str) -> DataError:
    """Return the error for a folder without the data set: what was expected, what was found, what to do."""
    return DataError(f"{expected} Found {_contents(root)}. {advice}")


def _contents(root: Path) -> str:
    if not root.exists():
        return f"no folder at {root}"
    if not root.is_dir():
        return f"a file at {root}"
    if not _is_open(root):
        return f"a folder without read permission at {root}"
    names = sorted(entry.name for entry in root.iterdir())
    if not names:
        return f"an empty folder at {root}"
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"in {root}: {', '.join(names[:MAX_NAMES])}{more}"
