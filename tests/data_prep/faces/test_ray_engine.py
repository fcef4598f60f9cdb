"""The crop stage on Ray gives the same results as in threads."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.faces.ray_engine import run_ray
from tests.data_prep.fake_photos import FakeDetector, crop, crops_in, make_manifest, make_plan, write_photo

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'agelens[scale]'")


@pytest.fixture
def manifest(tmp_path: Path) -> pd.DataFrame:
    """Sixty images of two sources; some show no face, one is empty and one is missing."""
    paths = [tmp_path / "raw" / ("crops" if number % 3 == 0 else "album") / f"{number:02d}.png" for number in range(60)]
    for number, path in enumerate(paths):
        write_photo(path, number, face=number not in {4, 9})
    paths[7].write_bytes(b"")
    paths[13].unlink()
    return make_manifest(paths)


@pytest.fixture
def two_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start Ray with two workers on this machine."""
    import ray  # noqa: PLC0415

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # or it would store a token in the home folder
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 * 2**20)
    yield
    ray.shutdown()


@pytest.mark.slow
@needs_ray
@pytest.mark.usefixtures("two_workers")
def test_ray_gives_the_same_tables_and_crops_as_threads(manifest: pd.DataFrame, tmp_path: Path) -> None:
    expected = crop(manifest, FakeDetector(), tmp_path / "local")
    assert crop(manifest, FakeDetector(), tmp_path / "ray", engine=run_ray) == expected
    assert crops_in(tmp_path / "ray") == crops_in(tmp_path / "local")
    idle = FakeDetector(fails_after=0)
    assert crop(manifest, idle, tmp_path / "ray") == expected  # results of one engine are valid for the other


def test_the_error_without_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DataError, match=r"pip install 'agelens\[scale\]'"):
        list(run_ray([{"image_id": "a"}], make_plan(FakeDetector()), folder=tmp_path))
