"""In a temporary clone of DVC, sources and W&B runs are those of the checkout."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.checkout import EXPERIMENTS, link_raw_files, main_checkout
from agelens.pipeline.config.paths import Paths
from tests.pipeline.small_project import SmallProject


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty temporary clone of the checkout `tmp_path`, as DVC makes it."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    folder = tmp_path / EXPERIMENTS / "standalone/tmp1"
    folder.mkdir(parents=True)
    return folder


def test_a_clone_belongs_to_the_checkout(clone: Path, tmp_path: Path) -> None:
    assert main_checkout(clone) == tmp_path
    assert Paths(clone).wandb == tmp_path / "wandb"
    assert Paths(clone).crops == clone / "data/crops"


def test_any_other_folder_is_its_own_checkout(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert main_checkout(other) == other
    monkeypatch.delenv("DVC_ROOT")
    assert main_checkout(clone) == clone


def test_sources_of_a_clone_are_links_into_the_checkout(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.jpg").write_text("pixels")
    params = SmallProject(clone).params(sources={"synthetic": {"path": "./raw"}, "utkface": {"path": "data/raw/gone"}})
    link_raw_files(params, clone)
    link_raw_files(params, clone)  # a second stage
    assert (clone / "raw/a.jpg").read_text() == "pixels"
    assert not (clone / "data").exists()


def test_a_source_outside_of_the_checkout_needs_an_absolute_path(clone: Path, tmp_path: Path) -> None:
    (tmp_path.parent / f"{tmp_path.name}_raw").mkdir()
    params = SmallProject(clone).params(sources={"synthetic": {"path": f"../{tmp_path.name}_raw"}})
    with pytest.raises(ParamsError, match=r"sources\.synthetic\.path must be an absolute path.*Received: \.\./"):
        link_raw_files(params, clone)


def test_the_checkout_itself_gets_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    params = SmallProject(tmp_path).params(sources={"synthetic": {"path": "raw"}})
    link_raw_files(params, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
