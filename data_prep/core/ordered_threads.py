"""Functions in threads: over a stream of batches, in order and in bounded memory; or once, in the background."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def grow_batches(items: Iterable[Item], *, first: int, largest: int) -> Iterator[list[Item]]:
    """Yield lists of items whose length doubles from `first` to `largest`, so that the first results come early."""
    waiting, size = iter(items), min(first, largest)
    while batch := list(islice(waiting, size)):
        yield batch
        size = min(2 * size, largest)


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int
) -> Generator[Result, None, None]:
    """Yield `function(item)` for each item, in order, and compute some of the next ones meanwhile.

    Items are taken lazily, in the thread of the caller; at most `threads + 1` of them are unfinished or waiting to be
    yielded. An error of the function is raised in place of its result. Close the generator if you do not exhaust it.
    """
    running: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="agelens")
    try:
        for item in items:
            running.append(pool.submit(function, item))
            if len(running) > threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def run_in_background(function: Callable[[], Result]) -> Callable[[], Result]:
    """Run a function in a thread, and return a function that waits for its result and returns it.

    The result can be asked for any number of times, by any thread. An error of the function is raised every time.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="agelens-start")
    future = pool.submit(function)
    pool.shutdown(wait=False)
    return future.result
