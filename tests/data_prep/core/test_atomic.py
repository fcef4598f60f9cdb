"""Atomic writes: a file is complete or absent, also after an interruption."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from agelens.data_prep.core.atomic import read_json, remove_temporaries, replacing, write_bytes, write_json, write_text
from agelens.data_prep.core.errors import DataError
from tests.damage import DAMAGES


class StoppedError(Exception):
    """Simulates an interruption."""


def interrupt(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise StoppedError


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    path = tmp_path / "table.csv"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [None, "old"])
def test_an_interrupted_write_changes_nothing(tmp_path, old):
    path = tmp_path / "table.csv"
    if old is not None:
        path.write_text(old)
    before = list(tmp_path.iterdir())
    with pytest.raises(StoppedError):
        interrupt(path)
    assert list(tmp_path.iterdir()) == before
    assert old is None or path.read_text() == old


def test_the_temporary_file_has_the_same_folder_and_suffix(tmp_path):
    with replacing(tmp_path / "model.keras") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".keras"
        assert temporary.name.startswith(".")  # hidden from whatever lists the folder meanwhile


def test_no_file_stays_open(tmp_path):
    write_text(tmp_path / "a.txt", "x")
    opened = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        write_text(tmp_path / "a.txt", "x")
    assert len(list(Path("/dev/fd").iterdir())) == opened


def test_missing_folders_are_created(tmp_path):
    write_bytes(tmp_path / "a" / "b" / "c.bin", b"\x00\xff")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"\x00\xff"


def test_the_file_is_readable_for_all_users(tmp_path):
    write_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_text_is_written_as_utf8_with_unchanged_line_ends(tmp_path):
    write_text(tmp_path / "a.txt", "Zoë\nB\n")
    assert (tmp_path / "a.txt").read_bytes() == b"Zo\xc3\xab\nB\n"


def test_json_is_indented_and_readable(tmp_path):
    content = {"name": "Zoë", "ages": [1, 2.5]}
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text.startswith('{\n  "name": "Zoë",\n')
    assert text.endswith("}\n")
    assert json.loads(text) == content


@pytest.mark.parametrize("name", ["empty", "cut", "other type"])
def test_a_damaged_json_file_is_an_error_with_its_name(tmp_path, name):
    path = tmp_path / "a.json"
    write_json(path, {"mae": 4.5})
    assert read_json(path) == {"mae": 4.5}
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(DataError, match=r"a\.json is damaged \(.*\)\. Remove it"):
        read_json(path)


@pytest.mark.parametrize(
    "content",
    ['{"a": 1}'.encode("utf-16"), '{"é": 1}'.encode("latin-1"), b'{"a": ' + b"9" * 5000 + b"}", b"[" * 100_000],
    ids=["utf-16", "latin-1", "5,000 digits", "100,000 brackets"],
)
def test_every_fault_of_a_json_file_is_one_short_line(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.json is damaged \(.*\)\. Remove it") as caught:
        read_json(tmp_path / "a.json")
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(("required", "name"), [({"mae": str}, "mae"), ({"mae": float, "cs5": object}, "cs5")])
def test_a_json_file_without_a_value_that_is_needed_is_damaged(tmp_path, required, name):
    write_json(tmp_path / "a.json", {"mae": 4.5})
    assert read_json(tmp_path / "a.json", required={"mae": float}) == {"mae": 4.5}
    with pytest.raises(DataError, match=rf"a\.json is damaged \(it has no {name}\)\. Remove it"):
        read_json(tmp_path / "a.json", required=required)


def test_json_that_is_no_object_is_damaged(tmp_path):
    write_json(tmp_path / "a.json", [1, 2])
    with pytest.raises(DataError, match="is damaged"):
        read_json(tmp_path / "a.json")


def test_values_that_json_does_not_allow_are_rejected(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"mae": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("unable to write (errno = 28, error message = 'No space left on device')"),  # HDF5
    ],
)
def test_a_full_disk_names_the_file_and_keeps_the_old_one(tmp_path, error):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left") as caught, replacing(path):
        raise error
    assert caught.value.filename == str(path)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


def test_an_error_that_is_no_full_disk_stays(tmp_path):
    with pytest.raises(PermissionError) as caught, replacing(tmp_path / "a.csv"):
        raise PermissionError(errno.EACCES, "Permission denied", "other")
    assert caught.value.filename == "other"


@pytest.fixture
def flushed(monkeypatch):
    """Whether each flush to the disk was of a file or of a folder, in order."""
    kinds = []
    real = os.fsync

    def fsync(handle):
        kinds.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return kinds


def test_tables_and_text_are_on_the_disk_before_they_replace_a_file_and_after(tmp_path, flushed):
    write_json(tmp_path / "a.json", {})
    with replacing(tmp_path / "b.csv") as temporary:
        temporary.write_text("x")
    assert flushed == ["file", "folder"] * 2


def test_pictures_are_not_flushed_one_by_one(tmp_path, flushed):
    write_bytes(tmp_path / "a.jpg", b"x")
    assert flushed == []


def test_temporary_files_below_a_folder_are_removed(tmp_path):
    for name in ("a/.writing-1.csv", "a/b/.writing-2.npz", "a/kept.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert remove_temporaries(tmp_path) == 2
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["kept.csv"]
    assert remove_temporaries(tmp_path / "absent") == 0
