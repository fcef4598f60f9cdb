"""The benchmark on leakage: how it splits the pool, and what it counts as leaked."""

import pandas as pd
import pytest
from leakage import leaked_share, split_at_random

from agelens.data_prep.core.tables import SPLIT, check_table
from tests.factories import split_rows


@pytest.fixture
def pool() -> pd.DataFrame:
    """Return 120 rows of 40 photos, three copies each."""
    table = split_rows(120)
    return table.assign(photo=[f"photo {row % 40}" for row in range(120)])


@pytest.fixture
def ours() -> dict[str, pd.DataFrame]:
    return {"train": split_rows(96), "val": split_rows(12), "test": split_rows(12, sources=["new"])}


def test_single_images_leak_and_are_split_in_the_sizes_of_ours(pool, ours):
    parts = split_at_random(pool, ours, by="image_id", seed=1)
    assert {name: len(table) for name, table in parts.items()} == {"train": 96, "val": 12, "test": 12, "new": 12}
    rows = pd.concat([parts[name] for name in ("train", "val", "test")])
    assert sorted(rows["image_id"]) == sorted(pool["image_id"])
    assert leaked_share(parts) > 0.5
    for name in ("train", "val", "test"):
        check_table(parts[name], SPLIT)


def test_copies_that_are_kept_together_do_not_leak(pool, ours):
    parts = split_at_random(pool, ours, by="photo", seed=1)
    photos = [set(parts[name]["photo"]) for name in ("train", "val", "test")]
    assert [len(a & b) for a, b in zip(photos, photos[1:] + photos[:1], strict=True)] == [0, 0, 0]
    assert leaked_share(parts) == 0
    assert len(parts["test"]) in {12, 13, 14}
    assert sum(len(parts[name]) for name in ("train", "val", "test")) == 120


def test_the_leaked_share_is_counted_by_photo():
    test = split_rows(4).assign(photo=["a", "b", "c", "d"])
    train = split_rows(3).assign(photo=["a", "a", "c"])
    assert leaked_share({"test": test, "train": train}) == 0.5
