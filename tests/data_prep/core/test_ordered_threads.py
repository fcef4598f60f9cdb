"""Results come in order, and items are taken only as far ahead as there are threads."""

from itertools import chain
from threading import Event

import pytest

from agelens.data_prep.core.ordered_threads import grow_batches, map_in_threads, run_in_background


def test_batches_double_up_to_the_largest() -> None:
    assert [len(batch) for batch in grow_batches(range(30), first=2, largest=8)] == [2, 4, 8, 8, 8]
    assert list(chain(*grow_batches(range(30), first=2, largest=8))) == list(range(30))
    assert [len(batch) for batch in grow_batches(range(3), first=4, largest=1)] == [1, 1, 1]
    assert list(grow_batches([], first=2, largest=8)) == []


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20])
def test_results_are_in_the_order_of_the_items(count: int) -> None:
    assert list(map_in_threads(lambda item: item**2, range(count), threads=2)) == [item**2 for item in range(count)]


def test_a_slow_item_does_not_let_a_later_one_pass() -> None:
    second_is_done = Event()

    def slow_first(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(timeout=30)
        else:
            second_is_done.set()
        return item

    assert list(map_in_threads(slow_first, range(2), threads=2)) == [0, 1]


def test_items_are_taken_lazily() -> None:
    taken: list[int] = []
    results = map_in_threads(str, (taken.append(item) or item for item in range(100)), threads=2)
    assert taken == []
    assert next(results) == "0"
    assert len(taken) == 3
    assert next(results) == "1"
    assert len(taken) == 4
    results.close()
    assert len(taken) == 4


def test_an_error_is_raised_in_place_of_its_result() -> None:
    results = map_in_threads(lambda item: 6 // item, [3, 2, 0, 1], threads=2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_waits_for_the_running_function() -> None:
    finished: list[int] = []
    results = map_in_threads(finished.append, range(100), threads=2)
    next(results)
    results.close()
    seen = len(finished)
    assert seen <= 4
    assert len(finished) == seen


def test_the_caller_continues_while_the_function_runs():
    go_on, calls = Event(), []

    def wait():
        calls.append(go_on.wait(10))
        return 7

    result = run_in_background(wait)
    assert calls == []
    go_on.set()
    assert [result(), result()] == [7, 7]
    assert calls == [True]


def test_an_error_is_raised_every_time():
    def fail():
        raise KeyError

    result = run_in_background(fail)
    for _ in range(2):
        with pytest.raises(KeyError):
            result()
