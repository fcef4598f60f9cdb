"""Atomic writes: a file is written under a temporary name and then renamed, so that it is complete or absent.

A durable write is also on the disk when it returns, so that it survives a loss of power; this takes about 10
milliseconds. Crops and plots, of which there are thousands, are not written durably: crops are checked by their
hashes in the journal, and plots are drawn again.
"""

import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agelens.data_prep.core.errors import DataError

TEMPORARY_PREFIX = ".writing-"
"""The names of temporary files begin with it; a killed process leaves them."""

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path with the same suffix; rename it to `path` if the block ends without an error.

    Raises:
        OSError: The disk is full, whatever the block raises about it; the error has the name of `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp creates files that only their owner can read
        if durable:
            _flush_to_disk(temporary)
        temporary.replace(path)
        if durable:
            _flush_to_disk(path.parent)
    except Exception as error:
        if is_disk_full(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error says that the disk or a quota is full, also in the words of HDF5 or TensorFlow."""
    number = error.errno if isinstance(error, OSError) else None
    return number in NO_SPACE or any(os.strerror(one) in str(error) for one in NO_SPACE)


def remove_temporaries(folder: Path) -> int:
    """Remove the temporary files that killed processes left below a folder; return how many.

    No process may be writing there: `agelens.pipeline.config.project_lock` makes sure of that.
    """
    left = [path for path in folder.rglob(f"{TEMPORARY_PREFIX}*") if path.is_file()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def write_bytes(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write `content` to `path` atomically."""
    with replacing(path, durable=durable) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` as UTF-8, atomically and durably."""
    write_bytes(path, content.encode(), durable=True)


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` as indented JSON, whose lines diff well in git, atomically and durably."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, *, required: Mapping[str, type] | None = None) -> dict[str, Any]:
    """Read the object that `write_json` wrote.

    Args:
        path: The file.
        required: Type of each value that the caller relies on, by name; `object` for any.

    Raises:
        DataError: The file is damaged or lacks a required value; the message names it.
    """
    try:
        content = dict(json.loads(path.read_text(encoding="utf-8")))
        for name, kind in (required or {}).items():
            if name not in content or not isinstance(content[name], kind):
                msg = f"it has no {name}"
                raise ValueError(msg)
    except (ValueError, TypeError, RecursionError) as error:  # UnicodeDecodeError, JSONDecodeError are ValueErrors
        msg = f"{path} is damaged ({' '.join(str(error)[:300].split())}). Remove it, and run the stage that writes it."
        raise DataError(msg) from error
    return content


def _flush_to_disk(path: Path) -> None:
    """Write a file, or the names in a folder, from memory to the disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot open folders
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
