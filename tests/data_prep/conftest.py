"""Fixtures of the crop stage's tests."""

from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.faces import crop_manifest
from tests.data_prep.fake_photos import make_manifest, write_photo


@pytest.fixture
def manifest(tmp_path: Path) -> pd.DataFrame:
    """Twenty images, among them two without a face, an empty, a truncated and a missing one."""
    raw = tmp_path / "raw"
    paths = [raw / ("crops" if number % 3 == 0 else "album") / f"{number:02d} é.png" for number in range(20)]
    for number, path in enumerate(paths):
        write_photo(path, number, face=number not in {4, 9})
    paths[7].write_bytes(b"")
    paths[11].write_bytes(paths[11].read_bytes()[:500])
    paths[13].unlink()
    return make_manifest(paths)


@pytest.fixture
def batches_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crop_manifest, "BATCH_IMAGES", 4)
