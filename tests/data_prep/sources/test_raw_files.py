"""The description of raw files changes with names, sizes and labels, and with nothing else."""

import os
import shutil
from pathlib import Path

import pytest

from agelens.data_prep.sources import raw_files
from agelens.data_prep.sources.raw_files import RawFiles, describe_raw_files, files_below


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner/a.jpg").write_bytes(b"12345")
    (folder / "labels.csv").write_text("a,5")
    (folder / ".DS_Store").write_text("hidden")
    return folder


def describe(folder: Path) -> RawFiles:
    return describe_raw_files(files_below(folder), root=folder)


def test_files_are_counted_without_hidden_ones(source: Path) -> None:
    found = describe(source)
    assert (found.files, found.size) == (2, 8)
    assert found.to_json() == {"files": 2, "size": 8, "sha256": found.sha256}


def test_a_copy_at_another_place_and_time_has_the_same_description(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere/raw"
    shutil.copytree(source, copy)
    os.utime(copy / "inner/a.jpg", (1, 1))
    assert describe(copy) == describe(source)


@pytest.mark.parametrize(
    ("name", "content"),
    [("inner/a.jpg", "123456"), ("labels.csv", "a,6"), ("inner/b.jpg", "")],
    ids=["another size", "another label", "another file"],
)
def test_a_change_is_noticed(source: Path, name: str, content: str) -> None:
    before = describe(source)
    (source / name).write_text(content)
    assert describe(source).sha256 != before.sha256


def test_a_renamed_and_a_removed_file_are_noticed(source: Path) -> None:
    descriptions = [describe(source)]
    (source / "inner/a.jpg").rename(source / "inner/c.jpg")
    descriptions.append(describe(source))
    (source / "inner/c.jpg").unlink()
    descriptions.append(describe(source))
    assert len({each.sha256 for each in descriptions}) == 3


def test_no_photograph_is_read(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(raw_files, "file_hash", lambda path: read.append(path.name) or "hash")
    describe(source)
    assert read == ["labels.csv"]


def test_links_in_a_circle_end(source: Path) -> None:
    before = describe(source)
    (source / "inner/back").symlink_to(source, target_is_directory=True)
    assert describe(source) == before


def test_missing_files_and_addresses_count_by_their_names(tmp_path: Path) -> None:
    address, gone = "s3://bucket/a.jpg", tmp_path / "gone.jpg"
    found = describe_raw_files([address, gone], root=tmp_path)
    assert (found.files, found.size) == (2, 0)
    gone.write_bytes(b"")
    assert describe_raw_files([address, gone], root=tmp_path).sha256 != found.sha256
    assert describe_raw_files(files_below(tmp_path / "nothing"), root=tmp_path).files == 0
