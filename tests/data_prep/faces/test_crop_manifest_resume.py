"""An interrupted crop run resumes, and a later run repeats only what has changed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.tables import MANIFEST, write_table
from agelens.data_prep.faces import cropper
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.cropper import SourceRule, crop_name
from agelens.data_prep.faces.detector import Detections
from agelens.data_prep.sources.remote import read_content
from tests.damage import DAMAGES
from tests.data_prep.fake_photos import (
    RULES,
    FakeDetector,
    InterruptionError,
    crop,
    crop_tables,
    crops_in,
    journal_of,
    write_photo,
)
from tests.locations import ROOT

pytestmark = pytest.mark.usefixtures("batches_of_four")


@pytest.mark.parametrize("fails_after", [0, 1, 3, 4])
def test_an_interrupted_run_resumes(manifest: pd.DataFrame, tmp_path: Path, fails_after: int) -> None:
    whole = FakeDetector()
    expected = crop(manifest, whole, tmp_path / "whole")
    first, second = FakeDetector(fails_after=fails_after), FakeDetector()
    with pytest.raises(InterruptionError):
        crop(manifest, first, tmp_path / "killed")
    assert crop(manifest, second, tmp_path / "killed") == expected
    assert crops_in(tmp_path / "killed") == crops_in(tmp_path / "whole")
    assert first.detected + second.detected == whole.detected
    assert len(first.chunks) == fails_after


def test_a_finished_run_repeats_nothing(manifest: pd.DataFrame, tmp_path: Path) -> None:
    expected = crop(manifest, FakeDetector(), tmp_path / "crops")
    before = {path: (tmp_path / "crops" / path).stat().st_mtime_ns for path in crops_in(tmp_path / "crops")}
    assert crop(manifest, FakeDetector(fails_after=0), tmp_path / "crops") == expected
    assert before == {path: (tmp_path / "crops" / path).stat().st_mtime_ns for path in crops_in(tmp_path / "crops")}


@pytest.mark.parametrize("damage", [*DAMAGES.values(), None], ids=[*DAMAGES, "removed"])
def test_a_crop_that_was_changed_is_cut_again(
    manifest: pd.DataFrame, tmp_path: Path, damage: Callable[[bytes], bytes] | None
) -> None:
    folder, second = tmp_path / "crops", FakeDetector()
    expected, before = crop(manifest, FakeDetector(), folder), crops_in(folder)
    path = next(folder.glob("*/*/*.jpg"))
    content = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(content))
    assert crop(manifest, second, folder) == expected
    assert path.read_bytes() == content
    assert crops_in(folder) == before
    assert len(second.detected) == 1


KILLED_RUN = """
import sys
from pathlib import Path
from agelens.data_prep.faces import crop_manifest
from agelens.data_prep.core.tables import MANIFEST, read_table
from tests.data_prep.fake_photos import FakeDetector, crop
crop_manifest.BATCH_IMAGES = 4
folder = Path(sys.argv[1])
crop(read_table(folder / "manifest.csv", MANIFEST), FakeDetector(pause_seconds=0.2), folder / "crops")
"""


@pytest.fixture
def running_crop(manifest: pd.DataFrame, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a slow run in another process."""
    write_table(tmp_path / "manifest.csv", manifest, MANIFEST)
    with subprocess.Popen([sys.executable, "-c", KILLED_RUN, str(tmp_path)], cwd=ROOT) as process:
        yield process
        process.kill()


def test_a_killed_process_resumes(
    manifest: pd.DataFrame, tmp_path: Path, running_crop: subprocess.Popen[bytes]
) -> None:
    journal = journal_of(tmp_path / "crops")
    while not (journal.is_file() and journal.read_bytes().count(b"\n") > 8):  # the fingerprint and two chunks
        assert running_crop.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    os.kill(running_crop.pid, signal.SIGKILL)
    assert running_crop.wait() == -signal.SIGKILL
    assert not (tmp_path / "crops" / "faces.csv").exists()
    done = journal.read_bytes().count(b"\n") - 1
    rest, whole = FakeDetector(), FakeDetector()
    assert crop(manifest, rest, tmp_path / "crops") == crop(manifest, whole, tmp_path / "whole")
    assert crops_in(tmp_path / "crops") == crops_in(tmp_path / "whole")
    assert 8 <= done < 20
    assert rest.detected == [number for number in whole.detected if number >= done]


def test_a_changed_image_is_processed_again(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops")
    changed = Path(manifest["path"][5])
    before = changed.stat()
    write_photo(changed, 6)
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    again = FakeDetector()
    after = crop(manifest, again, tmp_path / "crops")
    assert again.detected == [6]
    assert after == crop(manifest, FakeDetector(), tmp_path / "fresh")
    assert crops_in(tmp_path / "crops") == crops_in(tmp_path / "fresh")


def test_a_file_that_changes_during_a_run_is_processed_again_by_the_next(
    manifest: pd.DataFrame, tmp_path: Path
) -> None:
    changed = Path(manifest["path"][0])

    class ModifyingDetector(FakeDetector):
        def detect(self, images: Sequence[Pixels]) -> list[Detections]:
            if not self.chunks:
                write_photo(changed, 1, size=(50, 60))
            return super().detect(images)

    crop(manifest, ModifyingDetector(), tmp_path / "crops")
    again = FakeDetector()
    after = crop(manifest, again, tmp_path / "crops")
    assert again.detected == [1]
    assert after == crop(manifest, FakeDetector(), tmp_path / "fresh")


def test_a_damaged_or_missing_image_is_tried_again_after_a_change(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops")
    write_photo(Path(manifest["path"][13]), 13)
    again = FakeDetector()
    faces, rejected = crop(manifest, again, tmp_path / "crops")
    assert again.detected == [13]
    assert "album/13 é.png".encode() in faces
    assert "album/13 é.png".encode() not in rejected
    Path(manifest["path"][13]).unlink()
    _, rejected = crop(manifest, FakeDetector(fails_after=0), tmp_path / "crops")
    assert "album/13 é.png".encode() in rejected


def test_a_deleted_crop_is_cut_again(manifest: pd.DataFrame, tmp_path: Path) -> None:
    expected = crop(manifest, FakeDetector(), tmp_path)
    before = crops_in(tmp_path)
    (tmp_path / crop_name("album/05 é.png", source="album")).unlink()
    again = FakeDetector()
    assert crop(manifest, again, tmp_path) == expected
    assert again.detected == [5]
    assert crops_in(tmp_path) == before


def test_another_fingerprint_repeats_everything(manifest: pd.DataFrame, tmp_path: Path) -> None:
    whole, same, other = FakeDetector(), FakeDetector(), FakeDetector()
    crop(manifest, whole, tmp_path, fingerprint="one")
    crop(manifest, same, tmp_path, fingerprint="one")
    crop(manifest, other, tmp_path, fingerprint="two", plan={"shape": CropShape(size=30)})
    assert same.detected == []
    assert other.detected == whole.detected
    assert read_rgb(tmp_path / crop_name("album/05 é.png", source="album")).shape == (30, 30, 3)


def test_the_tables_contain_the_current_manifest(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops")
    part = manifest.iloc[::-3].assign(age=1.0, age_low=1.0, age_high=1.0)
    faces, rejected = crop_tables(part, FakeDetector(fails_after=0), tmp_path / "crops")
    assert set(faces["age"]) == {1.0}
    assert [*faces["image_id"]] == [name for name in part["image_id"] if name not in set(rejected["image_id"])]


def test_obsolete_crops_are_deleted_and_other_files_are_kept(manifest: pd.DataFrame, tmp_path: Path) -> None:
    folder = tmp_path / "crops"
    crop(manifest, FakeDetector(), folder)
    before = crops_in(folder)
    half_written = next(folder.glob("*/??")) / ".writing-x.jpg"
    half_written.write_bytes(b"left by an interrupted run")
    not_ours = half_written.with_name("holiday.jpg")
    not_ours.write_bytes(b"not from this module")
    crop(manifest.iloc[:1], FakeDetector(), folder)
    assert not half_written.exists()
    assert not_ours.exists()
    assert len(before) > len(crops_in(folder)) - 1 == 1


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        ({}, {"album": SourceRule(no_face="whole_image")}, [4]),  # was rejected, is now a whole image
        ({}, {"crops": SourceRule(no_face="drop")}, [9]),  # was a whole image, is now rejected
        ({}, {"new_source": SourceRule(image_size=64)}, []),
        ({}, {"crops": SourceRule(image_size=64, no_face="whole_image")}, [0, 3, 6, 9, 12, 15, 18]),
    ],
    ids=["whole_image", "drop", "new", "image_size"],
)
def test_a_changed_rule_repeats_only_the_images_that_it_affects(
    manifest: pd.DataFrame,
    tmp_path: Path,
    before: dict[str, SourceRule],
    after: dict[str, SourceRule],
    again: list[int],
) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops", plan={"rules": RULES | before})
    second, third = FakeDetector(), FakeDetector()
    tables = crop(manifest, second, tmp_path / "crops", plan={"rules": RULES | after})
    assert second.detected == again
    assert tables == crop(manifest, FakeDetector(), tmp_path / "fresh", plan={"rules": RULES | after})
    assert crops_in(tmp_path / "crops") == crops_in(tmp_path / "fresh")
    crop(manifest, third, tmp_path / "crops", plan={"rules": RULES | after})
    assert third.detected == []


def test_an_unreadable_image_is_always_tried_again(
    manifest: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = Path(manifest["path"][5])

    def refusing_read(path: str) -> bytes:
        if path == str(locked):
            reason, detail = "unreadable", "Permission denied"
            raise ImageError(reason, detail)
        return read_content(path)

    with monkeypatch.context() as patch:
        patch.setattr(cropper, "read_content", refusing_read)
        _, rejected = crop(manifest, FakeDetector(), tmp_path / "crops")
    assert b",unreadable,Permission denied" in rejected
    again = FakeDetector()
    tables = crop(manifest, again, tmp_path / "crops")  # the file itself has not changed
    assert again.detected == [5]
    assert tables == crop(manifest, FakeDetector(), tmp_path / "fresh")


def test_the_journal_removes_images_that_are_not_in_the_manifest(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path)
    half_written = journal_of(tmp_path).with_name(".writing-x.jsonl")
    half_written.write_text("left by an interrupted run")
    part = manifest[manifest["source"] == "crops"]
    crop(part, FakeDetector(fails_after=0), tmp_path)
    lines = journal_of(tmp_path).read_text().splitlines()
    assert sorted(json.loads(line)[0] for line in lines[1:]) == sorted(part["image_id"])
    assert not half_written.exists()
    back = FakeDetector()
    crop(manifest, back, tmp_path)
    assert set(back.detected) == {number for number in range(20) if number % 3} - {7, 11, 13}
