"""Checks of the places that `agelens predict` writes to, before it reads the first photograph.

An output never replaces an input, or a file that agelens did not write. It is written through links, pipes and devices,
and an existing file keeps its mode.
"""

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from rich.markup import escape

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.images import IMAGE_SUFFIXES
from agelens.pipeline.prediction.text import printable
from agelens.pipeline.progress import say

STANDARD_OUTPUT = Path("-")
"""The name of the standard output as a target."""

NO_WAITING = getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True)
class Target:
    """A file, pipe or device that is open for writing.

    Args:
        path: As the user named it.
        descriptor: Of the open file.
        kind: `file`, `stream` (a pipe or a device), or `stdout`.
        created: Whether the file did not exist before.
    """

    path: Path
    descriptor: int
    kind: Literal["file", "stream", "stdout"]
    created: bool = False


def open_table(path: Path, *, header: str, inputs: Iterable[Path]) -> Target:
    """Open the target of `--csv` and change nothing in it.

    Args:
        path: `-` is the standard output.
        header: How an existing table must begin; an empty file is accepted too.
        inputs: Files that must not be replaced.

    Raises:
        ParamsError: It cannot be written, or writing would replace something else than an earlier table.
    """
    try:
        if path == STANDARD_OUTPUT:
            return Target(path, os.dup(1), "stdout")
        status = _status(path)
        return _create(path) if status is None else _open_existing(path, status, header, inputs)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        _refuse(path, f"cannot be written ({reason})")


def is_any_of(status: os.stat_result, paths: Iterable[Path]) -> bool:
    """Return whether one of the paths leads to the file with this status."""
    found = (_status(path) for path in paths)
    return any(os.path.samestat(one, status) for one in found if one is not None)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _open_existing(path: Path, status: os.stat_result, header: str, inputs: Iterable[Path]) -> Target:
    for descriptor in (1, 2):  # opening the file behind a redirection again would overwrite its beginning
        if _is_open_as(descriptor, status):
            return Target(path, os.dup(descriptor), "stdout" if descriptor == 1 else "stream")
    if stat.S_ISFIFO(status.st_mode):
        return Target(path, _open_pipe(path), "stream")
    if stat.S_ISCHR(status.st_mode):
        return Target(path, os.open(path, os.O_WRONLY), "stream")
    if not stat.S_ISREG(status.st_mode):
        _refuse(path, "is a folder" if path.is_dir() else "is neither a file, a pipe nor a character device")
    if is_any_of(status, inputs):
        _refuse(path, "is one of the photographs")
    if status.st_size and not _begins_with(path, header):
        _refuse(path, "exists and is no table that agelens wrote; it is not replaced")
    return Target(path, os.open(path, os.O_RDWR), "file")


def _create(path: Path) -> Target:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        _refuse(path, "has the name of a photograph")
    real = Path(os.path.realpath(path))  # of a link to a file that does not exist yet
    real.parent.mkdir(parents=True, exist_ok=True)
    return Target(path, os.open(real, os.O_RDWR | os.O_CREAT, 0o666), "file", created=True)


def _open_pipe(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_WRONLY | NO_WAITING)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        say(f"waiting for a program that reads the pipe {escape(printable(path))}")
        return os.open(path, os.O_WRONLY)
    os.set_blocking(descriptor, True)
    return descriptor


def _is_open_as(descriptor: int, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), status)
    except OSError:  # closed by the program that started this one
        return False


def _begins_with(path: Path, header: str) -> bool:
    with path.open("rb") as file:
        return file.read(3 + len(header)).removeprefix(b"\xef\xbb\xbf").startswith(header.encode())


def _refuse(path: Path, reason: str) -> NoReturn:
    msg = f"--csv takes one name, of a new file or of an earlier table: --csv faces.csv. {printable(path)} {reason}."
    raise ParamsError(msg)
