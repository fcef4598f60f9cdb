"""Rows, views and order of the draws of an epoch."""

from collections import Counter

import numpy as np
import pytest

from agelens.data_prep.batches.dataset import epoch_draws


def draws_of(copies, **options):
    rows, views = epoch_draws(np.array(copies), **options)
    return list(zip(rows.tolist(), views.tolist(), strict=True))


@pytest.mark.parametrize(
    ("copies", "views", "epoch", "expected"),
    [
        ([1, 1], 1, 0, [(0, 0), (1, 0)]),
        ([1, 1], 4, 3, [(0, 3), (1, 3)]),
        ([1, 1], 4, 4, [(0, 0), (1, 0)]),
        ([1, 3], 2, 0, [(0, 0), (1, 0), (1, 0), (1, 1)]),
        ([1, 3], 2, 1, [(0, 1), (1, 0), (1, 1), (1, 1)]),
        ([3, 1], 4, 1, [(0, 0), (0, 1), (0, 3), (1, 1)]),
        ([2, 0, 1], 4, 0, [(0, 0), (0, 1), (2, 0)]),
    ],
)
def test_a_row_is_drawn_by_its_copies_in_cyclic_views(copies, views, epoch, expected):
    assert sorted(draws_of(copies, epoch=epoch, views=views, seed=0)) == expected


def test_all_views_of_a_row_are_equally_frequent():
    drawn = Counter(draw for epoch in range(4) for draw in draws_of([1, 2, 3], epoch=epoch, views=4, seed=0))
    assert drawn == {(row, view): row + 1 for row in range(3) for view in range(4)}


def test_the_order_is_reproducible_and_differs_by_epoch_and_seed():
    copies = [1] * 30
    first = draws_of(copies, epoch=0, views=1, seed=5)
    assert draws_of(copies, epoch=0, views=1, seed=5) == first
    assert draws_of(copies, epoch=1, views=1, seed=5) != first
    assert draws_of(copies, epoch=0, views=1, seed=6) != first
    assert first != sorted(first)
