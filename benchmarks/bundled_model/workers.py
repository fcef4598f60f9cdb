"""Forked processes that fill arrays in shared memory: decoded crops, and batches of views ahead of the network."""

import mmap
import multiprocessing
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Layout = Mapping[str, tuple[tuple[int, ...], type]]

FORK = multiprocessing.get_context("fork")


def shared_array(shape: tuple[int, ...], dtype: type) -> Array:
    """Return an array of zeros that forked processes share."""
    count = int(np.prod(shape))
    memory = mmap.mmap(-1, max(1, count * np.dtype(dtype).itemsize))
    return np.frombuffer(memory, dtype=dtype, count=count).reshape(shape)


def for_each(work: Callable[[int], None], count: int, *, workers: int) -> None:
    """Call `work(index)` for every index below `count`; results must go into shared arrays.

    Raises:
        RuntimeError: A process failed.
    """

    def run(first: int) -> None:
        cv2.setNumThreads(1)
        for index in range(first, count, workers):
            work(index)

    processes = [FORK.Process(target=run, args=(first,)) for first in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        msg = "A worker failed; its traceback is above."
        raise RuntimeError(msg)


class BatchRing:
    """Batches made ahead in their order: worker k makes the batches k, k + workers, ..., so speed changes nothing.

    Args:
        fill: Writes the batch of a number into the arrays.
        layout: Shape and type of each array of a batch.
        workers: Number of processes.
        slots: Batches that each process makes ahead.
    """

    def __init__(self, fill: Callable[[int, dict[str, Array]], None], layout: Layout, *, workers: int, slots: int = 3):
        self._arrays = [
            [{name: shared_array(*spec) for name, spec in layout.items()} for _ in range(slots)] for _ in range(workers)
        ]
        self._free = [FORK.Semaphore(slots) for _ in range(workers)]
        self._ready = [FORK.Semaphore(0) for _ in range(workers)]
        self._number = -1
        self._processes = [FORK.Process(target=self._make, args=(w, fill), daemon=True) for w in range(workers)]
        for process in self._processes:
            process.start()

    def _make(self, worker: int, fill: Callable[[int, dict[str, Array]], None]) -> None:
        cv2.setNumThreads(1)
        slots = self._arrays[worker]
        turn = 0
        while True:
            self._free[worker].acquire()
            fill(worker + turn * len(self._free), slots[turn % len(slots)])
            self._ready[worker].release()
            turn += 1

    def take(self) -> tuple[int, dict[str, Array]]:
        """Return the number and the arrays of the next batch. They are overwritten after the next call.

        Raises:
            RuntimeError: A process died.
        """
        workers = len(self._processes)
        if self._number >= 0:
            self._free[self._number % workers].release()
        self._number += 1
        turn, worker = divmod(self._number, workers)
        while not self._ready[worker].acquire(timeout=20):
            if not self._processes[worker].is_alive():
                msg = f"Worker {worker} died."
                raise RuntimeError(msg)
        return self._number, self._arrays[worker][turn % len(self._arrays[worker])]

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()
            process.join(5)
