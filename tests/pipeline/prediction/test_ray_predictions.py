"""`agelens predict --engine ray` in two processes of a cluster writes the same table as in one."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from agelens.pipeline.prediction import ray_predictions
from tests.data_prep.sources.s3_server import Bucket, s3_server

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'agelens[scale]'")


@pytest.fixture
def two_actors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start Ray with two actors on this machine, each with one core."""
    import ray  # noqa: PLC0415

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # or it would store a token in the home folder
    monkeypatch.setattr(ray_predictions, "MAX_THREADS", 1)
    memory = {"object_store_memory": 100 * 2**20}
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, **memory)
    yield
    ray.shutdown()


@pytest.mark.slow
@needs_ray
@pytest.mark.usefixtures("two_actors")
def test_a_cluster_writes_the_same_table(photos: Path, predict) -> None:
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "again.jpg").write_bytes((photos / "company.jpg").read_bytes())
    tables = {}
    for engine in ("local", "ray"):
        status, _, err = predict(".", "missing.jpg", "--batch", "1", "--engine", engine, "--csv", f"{engine}.csv")
        assert status == 0, err
        tables[engine] = (photos / f"{engine}.csv").read_text()
    assert tables["ray"] == tables["local"]
    assert tables["ray"].count("company.jpg,") == 3
    assert "empty_file" in tables["ray"]
    assert "missing" in tables["ray"]

    local = pd.read_csv(photos / "local.csv")
    address, gone = (photos / "company.jpg").absolute().as_uri(), (photos / "gone.jpg").absolute().as_uri()
    status, _, err = predict(address, gone, "--engine", "ray", "--csv", "addresses.csv")
    assert status == 0, err
    found = pd.read_csv(photos / "addresses.csv")
    assert found["path"].tolist() == [address] * 3 + [gone]
    expected = local[local["path"] == "company.jpg"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.iloc[:3].drop(columns="path"), expected.drop(columns="path"), check_dtype=False)
    assert found["error"].iloc[3].startswith("missing")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """Return a bucket in object storage; the processes of Ray, which start later, find it by the environment."""
    with s3_server() as started:
        yield started


@pytest.mark.slow
@needs_ray
def test_a_cluster_reads_object_storage(photos: Path, predict, bucket: Bucket, two_actors: None) -> None:
    stored = bucket.put("album/company.jpg", (photos / "company.jpg").read_bytes())
    assert predict("company.jpg", "--csv", "local.csv")[0] == 0
    status, _, err = predict(stored, f"{stored}.gone", "--engine", "ray", "--csv", "bucket.csv")
    assert status == 0, err
    found, local = (pd.read_csv(photos / f"{name}.csv").assign(path="") for name in ("bucket", "local"))
    assert found["error"].iloc[-1].startswith("missing")
    pd.testing.assert_frame_equal(found.iloc[:-1], local, check_dtype=False)


def test_the_error_without_ray_says_what_to_install(photos: Path, predict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    status, _, err = predict("company.jpg", "--engine", "ray")
    assert status == 1
    assert "--engine ray needs Ray: pip install 'agelens[scale]'" in " ".join(err.split())


def test_copies_are_not_drawn_on_a_cluster(photos: Path, predict) -> None:
    status, _, err = predict("company.jpg", "--engine", "ray", "--draw", "drawn")
    assert status == 1
    assert "--draw writes copies of files of this machine" in err
    assert not (photos / "drawn").exists()
