"""Folders of files with names and no images, as readers see a data set."""

from pathlib import Path


def fill(folder: Path, *names: str) -> Path:
    """Write a file for each name, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder
