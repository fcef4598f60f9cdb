"""`agelens data check` tells DVC of changed raw files."""

import json
import shutil

import pytest

from agelens.data_prep.synthetic.collection import write_synthetic
from agelens.pipeline.config.paths import Paths
from tests.locations import ROOT
from tests.pipeline.reports.test_summary import METRICS, write_run


@pytest.fixture
def checkout(folder):
    """Return a project with ten drawn photographs."""
    shutil.copyfile(ROOT / "params/demo.yaml", folder / "params.yaml")
    write_synthetic(folder / "data/raw/synthetic", count=10, seed=1, size=64)
    return folder


def test_a_change_is_written_and_said_once(checkout, agelens):
    status, out, _ = agelens("data", "check")
    assert status == 0
    assert "changed" in out
    assert "run `dvc repro` to read synthetic" in out
    first = json.loads(Paths(checkout).raw_files.read_text())
    status, out, _ = agelens("data", "check")
    assert "unchanged since the last check" in out
    (checkout / "data/raw/synthetic/images/new.jpg").write_bytes(b"new")
    status, out, _ = agelens("data", "check", "--json")
    assert json.loads(out)["changed"] == ["synthetic"]
    second = json.loads(Paths(checkout).raw_files.read_text())
    assert second["synthetic"]["files"] == first["synthetic"]["files"] + 1


def test_an_unchanged_source_leaves_the_file_as_it_is(checkout, agelens):
    agelens("data", "check")
    path = Paths(checkout).raw_files
    before = path.stat().st_mtime_ns
    agelens("data", "check")
    assert path.stat().st_mtime_ns == before


def test_the_summary_names_changed_sources(checkout, agelens):
    write_run(checkout, metrics=METRICS)
    assert agelens("data", "check")[0] == 0
    assert "have changed" not in "".join(agelens("summary")[1:])
    (checkout / "data/raw/synthetic/images/new.jpg").write_bytes(b"new")
    said = " ".join("".join(agelens("summary")[1:]).split())
    assert "raw files of synthetic have changed; run `agelens data check` and `dvc repro`" in said
