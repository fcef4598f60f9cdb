"""The benchmark of many rows: what it makes has the copies that the steps must find."""

import numpy as np

from agelens.data_prep.splits.dedup import find_photos
from benchmarks.scale.rows import make_signatures, measure, original_of


def test_the_copies_that_were_made_are_the_duplicates_that_are_found():
    names = [f"{row:04d}" for row in range(400)]
    photo = find_photos(make_signatures(400), names)
    assert photo.tolist() == np.array(names)[original_of(400)].tolist()
    assert len(set(photo)) == 392


def test_every_step_returns_the_rows_that_are_left():
    found = {step["step"]: step["returned"] for step in measure(2000)}
    assert found.pop("metrics") > 10
    assert 0 < found.pop("rebalance") <= 1568
    assert found == {
        "manifest": 2000,
        "duplicates": 1960,
        "groups": 1960,
        "table to disk and back": 1960,
        "split": 1960,
    }
