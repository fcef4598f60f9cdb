"""In a temporary clone of DVC, sources and W&B runs are those of the checkout."""

from pathlib import Path

import pytest

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.checkout import EXPERIMENTS, adopt_caches, link_raw_files, main_checkout
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


def test_a_clone_shares_crops_and_continues_from_copies(clone: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "data/crops/made/ab/1.jpg", "crop")
    write_text(tmp_path / "data/crops_journal.jsonl", "one\n")
    write_text(tmp_path / "data/tune/search_1/oracle.json", "of the checkout")
    write_text(clone / "data/features/fingerprint.txt", "of the clone")
    write_text(tmp_path / "data/features/fingerprint.txt", "of the checkout")
    adopt_caches(clone)
    assert (clone / "data/crops/made/ab/1.jpg").samefile(tmp_path / "data/crops/made/ab/1.jpg")
    assert (clone / "data/features/fingerprint.txt").read_text() == "of the clone"
    with (clone / "data/crops_journal.jsonl").open("a") as journal:
        journal.write("two\n")
    (clone / "data/tune/search_1/oracle.json").write_text("of the clone")
    write_text(clone / "data/crops/made/ab/1.jpg", "another crop")  # replaces the file, as the stage does
    assert (tmp_path / "data/crops_journal.jsonl").read_text() == "one\n"
    assert (tmp_path / "data/tune/search_1/oracle.json").read_text() == "of the checkout"
    assert (tmp_path / "data/crops/made/ab/1.jpg").read_text() == "crop"


def test_a_clone_compares_with_the_run_of_the_checkout_and_leaves_it_there(clone: Path, tmp_path: Path) -> None:
    kept = Paths(tmp_path).compared_runs / "current/run.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("of the checkout")
    adopt_caches(clone)
    copy = Paths(clone).compared_runs / "current/run.json"
    assert copy.read_text() == "of the checkout"
    copy.parent.rename(copy.parents[1] / "previous")  # as the stage report does
    assert kept.is_file()


def test_the_checkout_adopts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    adopt_caches(tmp_path)
    assert list(tmp_path.iterdir()) == []
