"""The benchmark of altered copies: shares that are found, and photos that only faces join."""

from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.tables import SPLIT, write_table
from agelens.data_prep.faces.alignment import TEMPLATE
from benchmarks.quality.altered_copies import ALTERATIONS, describe, found_among, shares_found
from tests.factories import landmarks_table, split_rows


@pytest.fixture
def crops() -> list[np.ndarray]:
    blocks = np.random.default_rng(1).integers(0, 256, (3, 10, 10, 3), dtype=np.uint8)
    return [np.repeat(np.repeat(block, 15, axis=0), 15, axis=1) for block in blocks]


def test_a_share_counts_copies_that_join_their_original(crops):
    originals = [describe(crop, TEMPLATE) for crop in crops]
    mirrored = [describe(np.ascontiguousarray(crop[:, ::-1]), TEMPLATE) for crop in crops]
    unlocated = [*mirrored[:2], describe(np.ascontiguousarray(crops[2][:, ::-1]), None)]
    assert shares_found(originals, originals) == {"crops": 1.0, "faces": 1.0}
    assert shares_found(originals, mirrored) == {"crops": 0.0, "faces": 1.0}
    assert shares_found(originals, unlocated) == {"crops": 0.0, "faces": 0.6667}


def test_photos_that_only_faces_join_are_counted_with_their_splits(crops, tmp_path: Path):
    table = landmarks_table(4)
    faces = [*crops, np.ascontiguousarray(crops[0][:, ::-1])]
    rows = split_rows(4)
    for name, part in (("train", rows[:3]), ("val", rows[:0]), ("test", rows[3:])):
        write_table(tmp_path / f"{name}.csv", part, SPLIT)
    assert found_among(table, [describe(face, TEMPLATE) for face in faces], tmp_path) == {
        "faces": 4,
        "photos_joined_by_faces": 1,
        "of_these_in_two_splits": 1,
        "files_of_the_largest_photo": 2,
    }


def test_every_alteration_returns_an_image(crops):
    for alter in ALTERATIONS.values():
        altered = alter(crops[0])
        assert altered.dtype == np.uint8
        assert altered.ndim == 3
        assert min(altered.shape[:2]) >= 75
