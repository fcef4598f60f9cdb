"""Images are processed together where there is memory for all of them, and in parts where there is not."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.pixel_budget import BatchWithinBudget, PixelBudget


def read(pixels: int, *, admit: Callable[[int], None]) -> Pixels:
    if pixels < 0:
        reason, detail = "truncated", f"{pixels}"
        raise ImageError(reason, detail)
    admit(pixels)
    return np.zeros((1, pixels, 3), dtype=np.uint8)


def run(items: list[int], *, limit: int) -> tuple[list[int | str], list[int], PixelBudget]:
    """Return the answers (the width of each image, or its error), the sizes of the batches, and the budget."""
    sizes: list[int] = []

    def widths(images: list[Pixels]) -> list[int]:
        sizes.append(len(images))
        return [image.shape[1] for image in images]

    budget = PixelBudget(limit)
    answers = BatchWithinBudget(widths, budget=budget).run(items, read=read)
    return [one.detail if isinstance(one, ImageError) else one for one in answers], sizes, budget


@pytest.mark.parametrize(
    ("limit", "batches"), [(100, [3]), (12, [2, 1]), (7, [1, 1, 1]), (3, [1, 1, 1])], ids=["all", "two", "one", "none"]
)
def test_answers_are_in_order_whatever_fits(limit: int, batches: list[int]) -> None:
    answers, sizes, budget = run([5, -1, 6, 7], limit=limit)
    assert answers == [5, "-1", 6, 7]
    assert sizes == batches
    assert budget.acquire(limit, wait=False)  # everything was released


def test_without_a_readable_image_nothing_is_processed() -> None:
    assert run([-1, -2], limit=9)[:2] == (["-1", "-2"], [])
    assert run([], limit=9)[:2] == ([], [])


def test_pixels_are_released_after_an_error() -> None:
    budget = PixelBudget(9)
    with pytest.raises(ZeroDivisionError):
        BatchWithinBudget(lambda _: 1 // 0, budget=budget).run([5], read=read)
    assert budget.acquire(9, wait=False)


def test_threads_that_wait_for_each_other_all_finish() -> None:
    lock, held, most = threading.Lock(), [0], [0]

    class Watched(PixelBudget):
        def acquire(self, pixels: int, *, wait: bool) -> bool:
            admitted = super().acquire(pixels, wait=wait)
            with lock:
                held[0] += pixels * admitted
                most[0] = max(most[0], held[0])
            return admitted

        def release(self, pixels: int) -> None:
            with lock:
                held[0] -= pixels
            super().release(pixels)

    budget = Watched(10)
    with ThreadPoolExecutor(8) as pool:
        work = BatchWithinBudget[Pixels, int]
        found = list(
            pool.map(lambda _: work(lambda some: [1] * len(some), budget=budget).run([4] * 5, read=read), range(20))
        )
    assert found == [[1] * 5] * 20
    assert 0 < most[0] <= 10
