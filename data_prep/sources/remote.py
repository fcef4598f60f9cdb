"""Photographs at addresses instead of in folders: S3, Google Cloud Storage, HDFS and others that pyarrow supports."""

import re
from pathlib import Path
from typing import Any

from agelens.data_prep.core.errors import DataError, ImageError
from agelens.data_prep.core.images import MAX_BYTES, read_image_bytes

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")


def is_address(path: str) -> bool:
    """Return whether a path is an address such as `s3://bucket/photo.jpg`."""
    return ADDRESS.match(path) is not None


def read_content(path: str) -> bytes:
    """Read the bytes of one image file, from a path or an address.

    Raises:
        ImageError: `missing`, `unreadable`, `not_a_file`, `empty_file` or `too_large`.
        DataError: pyarrow is not installed, or does not support the address.
    """
    if not is_address(path):
        return read_image_bytes(Path(path))
    files, name = _file_system(path)
    try:
        info = files.get_file_info(name)
        _check(info, path)
        with files.open_input_stream(name) as stream:
            content: bytes = stream.read()
            return content
    except OSError as error:
        reason, detail = "unreadable", str(error)
    raise ImageError(reason, detail)


def file_state(path: str) -> list[int]:
    """Return size and modification time of a file, which change with its content; [] if they are unavailable."""
    try:
        if is_address(path):
            files, name = _file_system(path)
            info = files.get_file_info(name)
            return [int(info.size), int(info.mtime_ns or 0)] if info.is_file else []
        state = Path(path).stat()
    except (OSError, ValueError):
        return []
    return [state.st_size, state.st_mtime_ns]


def _check(info: Any, path: str) -> None:
    """Raise the `ImageError` that a file in a folder would cause."""
    reason, detail = "", path
    if info.type.name == "NotFound":
        reason = "missing"
    elif not info.is_file:
        reason = "not_a_file"
    elif info.size == 0:
        reason = "empty_file"
    elif info.size > MAX_BYTES:
        reason, detail = "too_large", f"{info.size} bytes; at most {MAX_BYTES} are read"
    if reason:
        raise ImageError(reason, detail)


def _file_system(path: str) -> tuple[Any, str]:
    try:
        from pyarrow import ArrowInvalid, fs  # noqa: PLC0415  optional; few users have photographs at addresses
    except ModuleNotFoundError as error:
        msg = f"Reading {path} needs pyarrow: pip install 'agelens[train]'."
        raise DataError(msg) from error
    try:
        files, name = fs.FileSystem.from_uri(path)
    except ArrowInvalid as error:
        msg = f"pyarrow must support the address, such as s3://bucket/photo.jpg. Received: {path} ({error})."
        raise DataError(msg) from error
    return files, name
