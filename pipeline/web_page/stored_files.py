"""The files that visitors upload: a folder for each visitor, and nothing that stays."""

import hashlib
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MAX_NAME_BYTES = 120
CHUNK = 1 << 20


def visitor_folder(folder: Path, visitor: str) -> Path:
    """Return the folder of a visitor's files, from which the visitor's secret cannot be computed."""
    return folder / "visitors" / hashlib.sha256(visitor.encode()).hexdigest()


def safe_name(name: str) -> str:
    """Return a file name without folders, control characters and characters of shells, of limited length."""
    plain = Path(re.sub(r"[^\w.() -]", "_", name.replace("\\", "/").rpartition("/")[2]).strip(" "))
    suffix = plain.suffix if len(plain.suffix.encode()) < 20 else ""
    stem = plain.name.removesuffix(suffix).encode()[: MAX_NAME_BYTES - len(suffix.encode())]
    return f"{stem.decode(errors='ignore').strip('. ') or 'photograph'}{suffix}"


def store_files(folder: Path, files: Sequence[tuple[str, BinaryIO]]) -> list[Path]:
    """Write files into new folders, and return their paths in order; where one cannot be written, none stays.

    Args:
        folder: Of the visitor.
        files: Names as they were sent, and contents.
    """
    paths: list[Path] = []
    try:
        for name, content in files:
            place = folder / secrets.token_hex(8)
            place.mkdir(parents=True)
            paths.append(place / safe_name(name))
            with paths[-1].open("wb") as file:
                while chunk := content.read(CHUNK):
                    file.write(chunk)
    except OSError:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return paths


def stored_bytes(folder: Path) -> int:
    """Return the size of all files below a folder."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # deleted meanwhile
            total += path.lstat().st_size
    return total


def delete_old(folder: Path, *, seconds: float, keep: frozenset[Path], now: float | None = None) -> int:
    """Delete files that have not been changed for some time, and folders that are empty.

    Args:
        folder: Everything below it is deleted.
        seconds: Age of a file from which it is deleted.
        keep: Files that stay.
        now: Time of the check, in seconds since the epoch.

    Returns:
        The number of files that were deleted.
    """
    oldest, deleted = (time.time() if now is None else now) - seconds, 0
    for path in sorted(folder.rglob("*"), reverse=True):  # the content of a folder before the folder
        with suppress(OSError):  # not empty, or deleted meanwhile
            if path in keep or path.lstat().st_ctime > oldest:
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
                deleted += 1
    return deleted
