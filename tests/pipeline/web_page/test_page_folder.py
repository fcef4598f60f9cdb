"""The folder of a page ends with it, and the next page removes what a killed one left."""

import sys
import time

import pytest

from agelens.pipeline.web_page.page_folder import LOCK, NEW_SECONDS, PREFIX, page_folder, remove_abandoned


def later() -> float:
    """Return a time at which no folder of a test is new."""
    return time.time() + 10 * NEW_SECONDS


def abandoned(parent):
    """Return a folder as a killed page leaves it."""
    folder = parent / f"{PREFIX}killed"
    (folder / "files").mkdir(parents=True)
    (folder / LOCK).touch()
    (folder / "files/photograph.jpg").write_bytes(b"x")
    return folder


def test_the_folder_ends_with_the_page(tmp_path):
    with page_folder(tmp_path) as folder:
        (folder / "photograph.jpg").write_bytes(b"x")
        assert folder.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")
def test_what_a_killed_page_left_is_removed_and_a_running_page_keeps_its_folder(tmp_path):
    killed = abandoned(tmp_path)
    with page_folder(tmp_path) as running:
        assert killed.is_dir()  # it may be new
        assert remove_abandoned(tmp_path, now=later()) == 1
        assert not killed.exists()
        assert running.is_dir()


def test_other_folders_stay(tmp_path):
    other = tmp_path / f"{PREFIX}notes"
    other.mkdir()
    assert remove_abandoned(tmp_path, now=later()) == 0
    assert other.is_dir()
