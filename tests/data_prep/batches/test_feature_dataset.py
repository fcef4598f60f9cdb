"""Batches of cached features: rows and views of an epoch, with their targets."""

from itertools import islice

import numpy as np
import pytest

from agelens.data_prep.batches.dataset import (
    epoch_draws,
    gather_views,
    make_feature_dataset,
    make_plain_feature_dataset,
)
from tests.factories import targets_for


def test_features_follow_the_draws_of_the_epoch():
    features = (np.arange(3)[:, None, None] * 10 + np.arange(4)[:, None] + [[[0.0, 0.5]]]).astype(np.float16)
    copies = np.array([1, 2, 1, 2])
    weights = {"age": np.arange(4.0), "age_group": np.ones(4)}
    dataset, steps = make_feature_dataset(
        features, targets_for(4), weights=weights, copies=copies, batch_size=3, seed=9
    )
    assert steps == 2
    batches = list(islice(dataset.as_numpy_iterator(), 4))
    expected = [epoch_draws(copies, epoch=epoch, views=3, seed=9) for epoch in range(2)]
    rows, views = (np.concatenate(parts) for parts in zip(*expected, strict=True))
    drawn = np.concatenate([batch for batch, _, _ in batches])
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, (views * 10 + rows)[:, None] + [0.0, 0.5])
    np.testing.assert_array_equal(np.concatenate([targets["age"][:, 0] for _, targets, _ in batches]), rows)
    np.testing.assert_array_equal(np.concatenate([given["age"] for _, _, given in batches]), rows)


def test_rows_are_gathered_from_their_views():
    views = [np.arange(6, dtype=np.float16).reshape(3, 2) + 10 * view for view in range(2)]
    found = gather_views(views, np.array([2, 0, 2]), np.array([1, 0, 0]))
    np.testing.assert_array_equal(found, [[14, 15], [0, 1], [4, 5]])
    assert found.dtype == np.float32


@pytest.mark.parametrize("shape", [(3,), (2, 2, 3)])
def test_for_validation_features_are_read_once_and_in_order(shape):
    features = np.arange(5 * np.prod(shape), dtype=np.float16).reshape(5, *shape)
    batches = list(make_plain_feature_dataset(features, targets_for(5), batch_size=2).as_numpy_iterator())
    assert [len(some) for some, _ in batches] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate([some for some, _ in batches]), features)
    np.testing.assert_array_equal(np.concatenate([targets["age"] for _, targets in batches]), targets_for(5)["age"])
