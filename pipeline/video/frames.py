"""The frames of a video file, an animation or a camera, through OpenCV."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels

USUAL_RATE = 25.0
"""Frames per second where a file does not say, or says something impossible."""


class Frame(NamedTuple):
    """One frame: its number from 0, its time in seconds, and `uint8 (height, width, 3)` RGB."""

    number: int
    seconds: float
    image: Pixels


class FrameSource:
    """The frames of a video, read one by one. Use it as a context manager.

    Args:
        source: A file, or the number of a camera.

    Raises:
        DataError: It cannot be opened or has no frame.
    """

    def __init__(self, source: Path | int) -> None:
        if isinstance(source, Path) and not source.is_file():
            msg = f"There is no video at {source}."
            raise DataError(msg)
        self.source = source
        self._capture = cv2.VideoCapture(source if isinstance(source, int) else str(source))
        if not self._capture.isOpened():
            wanted = f"The camera {source}" if isinstance(source, int) else str(source)
            advice = "Choose another number with --camera." if isinstance(source, int) else "Convert it to MP4 (H.264)."
            msg = f"{wanted} cannot be opened as a video. {advice}"
            raise DataError(msg)
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.rate = rate if 0.1 <= rate <= 1000 else USUAL_RATE
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        """Number of frames as far as the file says; 0 for a camera."""

    def __enter__(self) -> "FrameSource":
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.release()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; a damaged rest of a file ends them."""
        number = 0
        while True:
            found, bgr = self._capture.read()
            if not found:
                break
            yield Frame(number, number / self.rate, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
            number += 1
        if number == 0:
            msg = f"{self.source} has no frame that can be decoded."
            raise DataError(msg)
