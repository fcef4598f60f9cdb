"""Checkpoints are written and read."""

import numpy as np
import pytest

from agelens.models.training.checkpoint import PARTS, PhaseState, read_state, write_state
from agelens.models.training.history import EpochRecord
from tests.damage import DAMAGES

STATE = PhaseState(
    records=[
        EpochRecord(4, 1, 1.5, 1.0, 5.0, 6.0, 0.5, float("nan"), 1e-3, {"val_age_cs5": 0.5, "val_mae/20-29": 3.0})
    ],
    model=[np.arange(12, dtype=np.uint32), np.ones((2, 3), dtype=np.float32)],
    optimizer=[np.array(7, dtype=np.int32)],
    average=[],
    best=[np.full(index, index, dtype=np.float32) for index in range(12)],
)


def test_a_state_is_written_and_read(tmp_path):
    write_state(tmp_path / "phase.npz", STATE, fingerprint="a")
    read = read_state(tmp_path / "phase.npz", fingerprint="a")
    assert read is not None
    assert repr(read.records) == repr(STATE.records)
    for part in PARTS:
        for left, right in zip(getattr(read, part), getattr(STATE, part), strict=True):
            np.testing.assert_array_equal(left, right)
            assert left.dtype == right.dtype


def test_a_state_with_another_fingerprint_is_none(tmp_path):
    write_state(tmp_path / "phase.npz", STATE, fingerprint="a")
    assert read_state(tmp_path / "phase.npz", fingerprint="b") is None


def test_a_missing_file_is_none(tmp_path):
    assert read_state(tmp_path / "phase.npz", fingerprint="a") is None


@pytest.mark.parametrize("damage", [DAMAGES[name] for name in ("empty", "cut", "other type")])
def test_a_damaged_file_is_none(tmp_path, damage):
    path = tmp_path / "phase.npz"
    write_state(path, STATE, fingerprint="a")
    path.write_bytes(damage(path.read_bytes()))
    assert read_state(path, fingerprint="a") is None


def test_a_flipped_bit_of_an_array_is_none(tmp_path):
    path = tmp_path / "phase.npz"
    write_state(path, STATE, fingerprint="a")
    content = bytearray(path.read_bytes())
    content[content.index(STATE.best[11].tobytes())] ^= 1
    path.write_bytes(content)
    assert read_state(path, fingerprint="a") is None


def test_an_archive_of_other_arrays_is_none(tmp_path):
    np.savez(tmp_path / "phase.npz", weights=np.ones(3))
    assert read_state(tmp_path / "phase.npz", fingerprint="a") is None
