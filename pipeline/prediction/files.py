"""The photographs among the paths that a user passes to `agelens predict`."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from agelens.data_prep.core.images import IMAGE_SUFFIXES, find_images


def expand_paths(paths: Sequence[Path]) -> list[Path]:
    """Return files as they are and folders as the images in them; a folder without images is returned itself."""
    files: list[Path] = []
    for path in paths:
        files += (find_images(path) if path.is_dir() else []) or [path]
    return files


def describe_skipped(paths: Sequence[Path]) -> list[str]:
    """Return one line about files in folders that are not images, by suffix, and one about links out of a folder."""
    suffixes = Counter(path.suffix.lower() for path in {path for folder in paths for path in _skipped_in(folder)})
    links = sum(suffixes.pop(suffix, 0) for suffix in IMAGE_SUFFIXES)
    kinds = ", ".join(
        f"{count} {printable(Path(suffix)) if suffix else 'without suffix'}" for suffix, count in suffixes.items()
    )
    lines = {
        f"skipped {pluralise(suffixes.total(), 'file')} that cannot be read as images ({kinds})": suffixes.total(),
        f"skipped {pluralise(links, 'link')} to files outside of the folder": links,
    }
    return [line for line, count in lines.items() if count]


def printable(path: Path) -> str:
    """Return the name of a file as text; bytes that are not UTF-8 become hexadecimal escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def pluralise(number: int, noun: str) -> str:
    """Return a number with its noun, for example `1 file` or `1,200 files`."""
    return f"{number:,} {noun}" + ("s" if number != 1 else "")


def _skipped_in(folder: Path) -> set[Path]:
    """Return the files in a folder that `expand_paths` does not return; none if the path is not a folder."""
    files = {Path(parent) / name for parent, _, names in os.walk(folder) for name in names}
    return files - set(find_images(folder))
