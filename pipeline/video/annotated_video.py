"""Writes a copy of a video with boxes and ages."""

import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.images import Pixels

SUFFIXES = {".mp4": "mp4v", ".avi": "MJPG"}
"""The codec of each kind of file, which OpenCV contains on every system."""


class AnnotatedVideo(AbstractContextManager["AnnotatedVideo"]):
    """A video file that is complete or absent. Use it as a context manager.

    Args:
        path: A file that does not exist yet, `.mp4` or `.avi`.
        rate: Frames per second.

    Raises:
        ParamsError: The file exists, cannot be written, or has another suffix.
    """

    def __init__(self, path: Path, *, rate: float) -> None:
        check_target(path)
        self.path, self.rate = path, rate
        self._folder = tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent)
        self._temporary = Path(self._folder.name) / path.name
        self._writer: Any = None

    def write(self, image: Pixels) -> None:
        """Append a frame `uint8 (height, width, 3)` RGB; all have the size of the first."""
        if self._writer is None:
            codec = cv2.VideoWriter.fourcc(*SUFFIXES[self.path.suffix.lower()])
            size = (image.shape[1], image.shape[0])
            self._writer = cv2.VideoWriter(str(self._temporary), codec, self.rate, size)
        self._writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Move the file to its place, also after Ctrl-C: what was written is kept."""
        if self._writer is not None:
            self._writer.release()
            if self._temporary.is_file():
                self._temporary.replace(self.path)
        self._folder.cleanup()


def check_target(path: Path) -> None:
    """Raise `ParamsError` unless an annotated video can be written to a path."""
    if path.suffix.lower() not in SUFFIXES:
        msg = f"An annotated video must end with {' or '.join(SUFFIXES)}. Received: {path}."
        raise ParamsError(msg)
    if path.exists() or path.is_symlink():
        msg = f"{path} exists; remove it, or choose another name."
        raise ParamsError(msg)
    if not path.parent.is_dir():
        msg = f"There is no folder {path.parent} for {path.name}."
        raise ParamsError(msg)
