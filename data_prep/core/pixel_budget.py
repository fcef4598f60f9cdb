"""A limit on the decoded pixels that all threads hold together."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from agelens.data_prep.core.errors import ImageError

Content = TypeVar("Content")
Answer = TypeVar("Answer")


class PixelBudget:
    """Limits the pixels that all threads hold together, so that large photographs do not exhaust the memory.

    Args:
        limit: Number of pixels; a larger image is admitted while there is no other.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self._used, self._changed = limit, 0, threading.Condition()

    def acquire(self, pixels: int, *, wait: bool) -> bool:
        """Reserve pixels and return True; if there are too few, return False or, with `wait`, block."""
        with self._changed:
            while self._used and self._used + pixels > self.limit:
                if not wait:
                    return False
                self._changed.wait()
            self._used += pixels
            return True

    def release(self, pixels: int) -> None:
        """Return reserved pixels."""
        with self._changed:
            self._used -= pixels
            self._changed.notify_all()


class BatchWithinBudget(Generic[Content, Answer]):
    """Reads images and processes them together, or in parts where the budget is too small for all of them.

    A thread that must wait for memory first processes and releases its images. Since no thread waits while it holds
    memory, there is no deadlock.

    Args:
        process: Returns one answer for each image.
        budget: Shared by all threads.
    """

    def __init__(self, process: Callable[[list[Content]], Sequence[Answer]], *, budget: PixelBudget) -> None:
        self._process, self._budget = process, budget
        self._images: dict[int, Content] = {}
        self._answers: dict[int, Answer | ImageError] = {}
        self._held = 0

    def run(self, items: Sequence[Any], *, read: Callable[..., Content]) -> list[Answer | ImageError]:
        """Return the answer for each item, or the error of reading it.

        Args:
            items: What `read` reads.
            read: `read(item, admit=...)` returns the image and calls `admit` with the number of its pixels before it
                decodes them; see `agelens.data_prep.core.images.decode_rgb`.
        """
        try:
            for place, item in enumerate(items):
                try:
                    self._images[place] = read(item, admit=self._admit)
                except ImageError as error:
                    self._answers[place] = error
            self._finish()
        finally:
            self._release()
        return [self._answers[place] for place in range(len(items))]

    def _admit(self, pixels: int) -> None:
        if not self._budget.acquire(pixels, wait=False):
            self._finish()
            self._budget.acquire(pixels, wait=True)
        self._held += pixels

    def _finish(self) -> None:
        if self._images:
            self._answers.update(zip(self._images, self._process(list(self._images.values())), strict=True))
        self._release()

    def _release(self) -> None:
        self._images.clear()
        self._budget.release(self._held)
        self._held = 0
