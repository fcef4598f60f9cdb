"""The crop stage: every image ends in one of two tables, and a killed run goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data_prep import face_cropper, face_table
from data_prep.crop import CropShape, crop_face, sharpness
from data_prep.detect import Detections
from data_prep.errors import DataError, ImageError
from data_prep.face_cropper import CropPlan, FaceCropper, Outcome, PixelBudget, SourceRule, crop_name
from data_prep.face_table import FaceLimits, crop_manifest, run_threads
from data_prep.images import Pixels, encode_jpeg, read_rgb
from data_prep.remote import read_content
from data_prep.tables import FACES, MANIFEST, REJECTED, check_table, make_table, write_table

ROOT = Path(__file__).resolve().parents[2]
SHAPE = CropShape(size=24, margin_fraction=0.15)
RULES = {"album": SourceRule(), "crops": SourceRule(no_face="whole_image")}
FACELESS = 200
"""Images whose first pixel is at least this red show no face."""


class KilledError(Exception):
    """Stands for whatever ends a run."""


@dataclass
class FakeDetector:
    """Finds a face whose place depends on the image, and remembers which images it was shown."""

    dies_after: int | None = None
    pause_seconds: float = 0.0
    chunks: list[list[int]] = field(default_factory=list)

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        if self.dies_after == len(self.chunks):
            raise KilledError
        time.sleep(self.pause_seconds)
        self.chunks.append([int(image[0, 0, 1]) for image in images])
        return [self._faces(image) for image in images]

    @property
    def seen(self) -> list[int]:
        return [number for chunk in self.chunks for number in chunk]

    @staticmethod
    def _faces(image: Pixels) -> Detections:
        if image[0, 0, 0] >= FACELESS:
            return Detections(np.zeros((0, 4)), np.zeros(0))
        number = int(image[0, 0, 1])
        boxes = np.array([[1, 1, 6, 6], [number % 7, 2.5, 20 + number % 7, 26.1]], dtype=np.float64)
        return Detections(boxes, np.array([0.9, 0.4]))


def write_photo(path: Path, number: int, *, face: bool = True, size: tuple[int, int] = (32, 40)) -> None:
    """Write noise whose first pixel says which image it is and whether it shows a face."""
    pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
    pixels[0, 0] = (0 if face else FACELESS, number, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def make_manifest(paths: Sequence[Path]) -> pd.DataFrame:
    """Return a manifest of files that lie in `<root>/<source>/`."""
    rows: list[dict[str, object]] = [
        {
            "image_id": f"{path.parent.name}/{path.name}",
            "source": path.parent.name,
            "path": str(path),
            "age_low": 20 + index,
            "age_high": 20 + index,
            "age": 20 + index,
            "age_kind": "exact",
            "age_clipped": False,
            "gender": "female" if index % 2 else None,
        }
        for index, path in enumerate(paths)
    ]
    return make_table(rows, MANIFEST)


class Watched(PixelBudget):
    """Remembers the most that was ever held."""

    peak = 0

    def take(self, pixels: int, *, wait: bool) -> bool:
        taken = super().take(pixels, wait=wait)
        self.peak = max(self.peak, self._taken)
        return taken


@pytest.fixture
def manifest(tmp_path: Path) -> pd.DataFrame:
    """Twenty images: 0, 1, 2 … with a face, and among them two faceless, an empty, a broken and a missing one."""
    raw = tmp_path / "raw"
    paths = [raw / ("crops" if number % 3 == 0 else "album") / f"{number:02d} é.png" for number in range(20)]
    for number, path in enumerate(paths):
        write_photo(path, number, face=number not in {4, 9})
    paths[7].write_bytes(b"")
    paths[11].write_bytes(paths[11].read_bytes()[:500])
    paths[13].unlink()
    return make_manifest(paths)


@pytest.fixture(autouse=True)
def batches_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_table, "BATCH_IMAGES", 4)


def make_plan(detector: FakeDetector, **values: Any) -> CropPlan:
    return CropPlan(**{"open_detector": lambda _: detector, "shape": SHAPE, "rules": RULES, **values})


def one_by_one(rows: list[dict[str, Any]], plan: CropPlan, *, folder: Path) -> Iterator[list[Outcome]]:
    """Do the batches in their order, so that a test can say what was done before a run ended."""
    return run_threads(rows, plan, folder=folder, threads=1)


def crop_tables(
    manifest: pd.DataFrame, detector: FakeDetector, folder: Path, *, plan: dict[str, Any] | None = None, **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the stage and return the two tables."""
    settings: dict[str, Any] = {"fingerprint": "one", "engine": one_by_one, **options}
    return crop_manifest(manifest, make_plan(detector, **(plan or {})), folder=folder, **settings)


def crop(manifest: pd.DataFrame, detector: FakeDetector, folder: Path, **options: Any) -> tuple[bytes, bytes]:
    """Run the stage and return the two tables as they are written."""
    faces, rejected = crop_tables(manifest, detector, folder, **options)
    write_table(folder / "faces.csv", faces, FACES)
    write_table(folder / "rejected.csv", rejected, REJECTED)
    return (folder / "faces.csv").read_bytes(), (folder / "rejected.csv").read_bytes()


def crops_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.jpg"))}


def test_every_image_is_in_one_of_the_tables_in_the_order_of_the_manifest(
    manifest: pd.DataFrame, tmp_path: Path
) -> None:
    faces, rejected = crop_tables(manifest, FakeDetector(), tmp_path / "crops")
    check_table(faces, FACES)
    check_table(rejected, REJECTED)
    assert sorted([*faces["image_id"], *rejected["image_id"]]) == sorted(manifest["image_id"])
    for table in (faces, rejected):
        assert table["image_id"].tolist() == [name for name in manifest["image_id"] if name in set(table["image_id"])]
    assert dict(zip(rejected["image_id"], rejected["reason"], strict=True)) == {
        "album/04 é.png": "no_face",
        "album/07 é.png": "empty_file",
        "album/11 é.png": "truncated",
        "album/13 é.png": "missing",
    }
    assert rejected["path"].tolist() == manifest["path"].iloc[[4, 7, 11, 13]].tolist()
    assert (rejected["detail"] != "").all()


def test_a_row_describes_its_face(manifest: pd.DataFrame, tmp_path: Path) -> None:
    faces, _ = crop_tables(manifest, FakeDetector(), tmp_path)
    row = faces.set_index("image_id").loc["album/05 é.png"]
    assert [row[name] for name in ("x1", "y1", "x2", "y2")] == [5, 2.5, 25, 26.1]
    assert (row["score"], row["found"], row["faces"], row["width"], row["height"]) == (0.4, "detector", 2, 40, 32)
    assert (row["age"], row["age_kind"], row["gender"], row["source"]) == (25, "exact", "female", "album")
    expected = crop_face(read_rgb(Path(row["path"])), np.array([5, 2.5, 25, 26.1]), SHAPE)
    assert (tmp_path / row["crop"]).read_bytes() == encode_jpeg(expected)
    assert row["sharpness"] == round(sharpness(expected), 2)


def test_a_ready_made_crop_without_a_face_is_taken_whole(manifest: pd.DataFrame, tmp_path: Path) -> None:
    faces, _ = crop_tables(manifest, FakeDetector(), tmp_path)
    row = faces.set_index("image_id").loc["crops/09 é.png"]
    assert [row[name] for name in ("x1", "y1", "x2", "y2")] == [0, 0, 40, 32]
    assert (row["found"], row["faces"]) == ("whole_image", 0)
    assert np.isnan(row["score"])


def test_nothing_but_crops_and_the_journal_is_written(manifest: pd.DataFrame, tmp_path: Path) -> None:
    faces, _ = crop_tables(manifest, FakeDetector(), tmp_path / "crops")
    found = {
        path.relative_to(tmp_path / "crops").as_posix() for path in (tmp_path / "crops").rglob("*") if path.is_file()
    }
    assert found == {"journal.jsonl", *faces["crop"]}


def test_an_empty_manifest_gives_empty_tables(tmp_path: Path) -> None:
    detector = FakeDetector(dies_after=0)
    faces, rejected = crop(make_manifest([]), detector, tmp_path)
    assert faces.decode().strip() == ",".join(FACES.names)
    assert rejected.decode().strip() == ",".join(REJECTED.names)


def test_a_detector_is_never_asked_about_nothing(tmp_path: Path) -> None:
    paths = [tmp_path / "album" / f"{number}.png" for number in range(6)]
    _, rejected = crop(make_manifest(paths), FakeDetector(dies_after=0), tmp_path / "crops")
    assert rejected.count(b",missing,") == 6


def test_a_detector_that_loses_an_image_is_not_believed(manifest: pd.DataFrame, tmp_path: Path) -> None:
    class Forgetful(FakeDetector):
        def detect(self, images: Sequence[Pixels]) -> list[Detections]:
            return super().detect(images)[1:]

    with pytest.raises(ValueError, match="zip"):
        crop(manifest, Forgetful(), tmp_path)


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("batch", [1, 3, 64])
@pytest.mark.parametrize("budget", [1, 10**8], ids=["no_room", "room"])
def test_the_result_does_not_depend_on_how_the_work_was_shared_out(
    manifest: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, batch: int, budget: int
) -> None:
    expected = crop(manifest, FakeDetector(), tmp_path / "one")
    monkeypatch.setattr(face_table, "BATCH_IMAGES", batch)
    monkeypatch.setattr(face_cropper, "ROOM", budget)
    engine = partial(run_threads, threads=threads)
    assert crop(manifest, FakeDetector(), tmp_path / "two", engine=engine) == expected
    assert crops_in(tmp_path / "one") == crops_in(tmp_path / "two")


def test_images_that_do_not_fit_into_the_room_come_later(tmp_path: Path) -> None:
    sizes = [(20, 50), (20, 50), (20, 50), (100, 100), (10, 10), (10, 10), (10, 10)]
    paths = [tmp_path / "album" / f"{number}.png" for number in range(len(sizes))]
    for number, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        write_photo(path, number, size=size)
    detector = FakeDetector()
    cropper = FaceCropper(make_plan(detector), budget=PixelBudget(2_500))
    outcomes = cropper.crop([{"image_id": path.name, "source": "album", "path": str(path)} for path in paths])
    assert detector.chunks == [[0, 1], [2], [3], [4, 5, 6]]
    assert [outcome.image_id for outcome in outcomes] == [path.name for path in paths]


def test_threads_together_hold_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    paths = [tmp_path / "album" / f"{number}.png" for number in range(40)]
    for number, path in enumerate(paths):
        write_photo(path, number)
    budget = Watched(3 * 32 * 40)
    cropper = FaceCropper(make_plan(FakeDetector(pause_seconds=0.001)), budget=budget)
    rows = [{"image_id": path.name, "source": "album", "path": str(path)} for path in paths]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda start: cropper.crop(rows[start : start + 5]), range(0, 40, 5)))
    assert sum(map(len, outcomes)) == 40
    assert 0 < budget.peak <= budget.most
    assert budget.take(budget.most, wait=False)  # all was given back


def test_room_is_given_back_where_a_detector_fails(tmp_path: Path) -> None:
    write_photo(tmp_path / "album" / "1.png", 1)
    budget = PixelBudget(10_000)
    cropper = FaceCropper(make_plan(FakeDetector(dies_after=0)), budget=budget)
    with pytest.raises(KilledError):
        cropper.crop([{"image_id": "1", "source": "album", "path": str(tmp_path / "album" / "1.png")}])
    assert budget.take(10_000, wait=False)


def test_an_image_larger_than_all_the_room_goes_alone() -> None:
    budget = PixelBudget(100)
    assert budget.take(500, wait=True)
    assert not budget.take(1, wait=False)
    budget.give(500)
    assert budget.take(1, wait=False)


def test_progress_adds_up_to_the_number_of_images(manifest: pd.DataFrame, tmp_path: Path) -> None:
    steps: list[int] = []
    with pytest.raises(KilledError):
        crop(manifest, FakeDetector(dies_after=2), tmp_path, progress=steps.append)
    assert steps == [0, 4, 4]
    again: list[int] = []
    crop(manifest, FakeDetector(), tmp_path, progress=again.append)
    assert again == [8, 4, 4, 4]


@pytest.mark.parametrize("dies_after", [0, 1, 3, 4])
def test_a_killed_run_goes_on_where_it_was(manifest: pd.DataFrame, tmp_path: Path, dies_after: int) -> None:
    whole = FakeDetector()
    expected = crop(manifest, whole, tmp_path / "whole")
    first, second = FakeDetector(dies_after=dies_after), FakeDetector()
    with pytest.raises(KilledError):
        crop(manifest, first, tmp_path / "killed")
    assert crop(manifest, second, tmp_path / "killed") == expected
    assert crops_in(tmp_path / "killed") == crops_in(tmp_path / "whole")
    assert first.seen + second.seen == whole.seen
    assert len(first.chunks) == dies_after


def test_a_finished_run_does_nothing_again(manifest: pd.DataFrame, tmp_path: Path) -> None:
    expected = crop(manifest, FakeDetector(), tmp_path / "crops")
    before = {path: (tmp_path / "crops" / path).stat().st_mtime_ns for path in crops_in(tmp_path / "crops")}
    assert crop(manifest, FakeDetector(dies_after=0), tmp_path / "crops") == expected
    assert before == {path: (tmp_path / "crops" / path).stat().st_mtime_ns for path in crops_in(tmp_path / "crops")}


KILLED_RUN = """
import sys
from pathlib import Path
from data_prep import face_table
from data_prep.tables import MANIFEST, read_table
from tests.data_prep.test_face_table import FakeDetector, crop
face_table.BATCH_IMAGES = 4
folder = Path(sys.argv[1])
crop(read_table(folder / "manifest.csv", MANIFEST), FakeDetector(pause_seconds=0.2), folder / "crops")
"""


@pytest.fixture
def running_crop(manifest: pd.DataFrame, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a slow run in a process of its own."""
    write_table(tmp_path / "manifest.csv", manifest, MANIFEST)
    with subprocess.Popen([sys.executable, "-c", KILLED_RUN, str(tmp_path)], cwd=ROOT) as process:
        yield process
        process.kill()


def test_a_run_that_was_really_killed_goes_on_where_it_was(
    manifest: pd.DataFrame, tmp_path: Path, running_crop: subprocess.Popen[bytes]
) -> None:
    journal = tmp_path / "crops" / "journal.jsonl"
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
    assert rest.seen == [number for number in whole.seen if number >= done]


def test_an_image_that_changed_is_done_again(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops")
    changed = Path(manifest["path"][5])
    before = changed.stat()
    write_photo(changed, 6)
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    again = FakeDetector()
    after = crop(manifest, again, tmp_path / "crops")
    assert again.seen == [6]
    assert after == crop(manifest, FakeDetector(), tmp_path / "anew")
    assert crops_in(tmp_path / "crops") == crops_in(tmp_path / "anew")


def test_a_file_that_changes_while_it_is_cropped_is_done_again_by_the_next_run(
    manifest: pd.DataFrame, tmp_path: Path
) -> None:
    changed = Path(manifest["path"][0])

    class Interfering(FakeDetector):
        def detect(self, images: Sequence[Pixels]) -> list[Detections]:
            if not self.chunks:
                write_photo(changed, 1, size=(50, 60))
            return super().detect(images)

    crop(manifest, Interfering(), tmp_path / "crops")
    again = FakeDetector()
    after = crop(manifest, again, tmp_path / "crops")
    assert again.seen == [1]
    assert after == crop(manifest, FakeDetector(), tmp_path / "anew")


def test_a_broken_or_missing_image_is_tried_again_only_when_it_changes(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops")
    write_photo(Path(manifest["path"][13]), 13)
    again = FakeDetector()
    faces, rejected = crop(manifest, again, tmp_path / "crops")
    assert again.seen == [13]
    assert "album/13 é.png".encode() in faces
    assert "album/13 é.png".encode() not in rejected
    Path(manifest["path"][13]).unlink()
    _, rejected = crop(manifest, FakeDetector(dies_after=0), tmp_path / "crops")
    assert "album/13 é.png".encode() in rejected


def test_a_deleted_crop_is_made_again(manifest: pd.DataFrame, tmp_path: Path) -> None:
    expected = crop(manifest, FakeDetector(), tmp_path)
    before = crops_in(tmp_path)
    (tmp_path / crop_name("album/05 é.png", source="album")).unlink()
    again = FakeDetector()
    assert crop(manifest, again, tmp_path) == expected
    assert again.seen == [5]
    assert crops_in(tmp_path) == before


def test_another_fingerprint_does_everything_again(manifest: pd.DataFrame, tmp_path: Path) -> None:
    whole, same, other = FakeDetector(), FakeDetector(), FakeDetector()
    crop(manifest, whole, tmp_path, fingerprint="one")
    crop(manifest, same, tmp_path, fingerprint="one")
    crop(manifest, other, tmp_path, fingerprint="two", plan={"shape": CropShape(size=30)})
    assert same.seen == []
    assert other.seen == whole.seen
    assert read_rgb(tmp_path / crop_name("album/05 é.png", source="album")).shape == (30, 30, 3)


def test_the_tables_follow_the_manifest_of_this_run(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops")
    part = manifest.iloc[::-3].assign(age=1.0, age_low=1.0, age_high=1.0)
    faces, rejected = crop_tables(part, FakeDetector(dies_after=0), tmp_path / "crops")
    assert set(faces["age"]) == {1.0}
    assert [*faces["image_id"]] == [name for name in part["image_id"] if name not in set(rejected["image_id"])]


def test_names_of_crops_are_plain_and_differ() -> None:
    names = ["a/1.jpg", "a/2.jpg", "a/../1.jpg", "a/ 人物\n.jpg", "a/\udce9.jpg"]
    crops = [crop_name(name, source="a") for name in names]
    assert len(set(crops)) == len(names)
    assert crops[0] == crop_name("a/1.jpg", source="a")
    for name in crops:
        source, folder, file = name.split("/")
        assert (source, folder, len(file)) == ("a", file[:2], 24)
        assert file.removesuffix(".jpg").isalnum()


def test_photographs_are_kept_no_longer_than_needed(manifest: pd.DataFrame, tmp_path: Path) -> None:
    folder = tmp_path / "crops"
    crop(manifest, FakeDetector(), folder)
    before = crops_in(folder)
    half_written = next(folder.glob("*/??")) / ".writing-x.jpg"
    half_written.write_bytes(b"left by a kill")
    not_ours = half_written.with_name("holiday.jpg")
    not_ours.write_bytes(b"somebody else's")
    crop(manifest.iloc[:1], FakeDetector(), folder)
    assert not half_written.exists()
    assert not_ours.exists()
    assert len(before) > len(crops_in(folder)) - 1 == 1


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        ({}, {"album": SourceRule(no_face="whole_image")}, [4]),  # was rejected, is taken whole now
        ({}, {"crops": SourceRule(no_face="drop")}, [9]),  # was taken whole, is rejected now
        ({}, {"new_source": SourceRule(image_size=64)}, []),
        ({}, {"crops": SourceRule(image_size=64, no_face="whole_image")}, [0, 3, 6, 9, 12, 15, 18]),
    ],
    ids=["take", "drop", "new", "image_size"],
)
def test_only_images_whose_source_changes_its_mind_are_done_again(
    manifest: pd.DataFrame,
    tmp_path: Path,
    before: dict[str, SourceRule],
    after: dict[str, SourceRule],
    again: list[int],
) -> None:
    crop(manifest, FakeDetector(), tmp_path / "crops", plan={"rules": RULES | before})
    second, third = FakeDetector(), FakeDetector()
    tables = crop(manifest, second, tmp_path / "crops", plan={"rules": RULES | after})
    assert second.seen == again
    assert tables == crop(manifest, FakeDetector(), tmp_path / "anew", plan={"rules": RULES | after})
    assert crops_in(tmp_path / "crops") == crops_in(tmp_path / "anew")
    crop(manifest, third, tmp_path / "crops", plan={"rules": RULES | after})
    assert third.seen == []


def test_each_source_is_shown_to_the_detector_of_its_own_size(manifest: pd.DataFrame, tmp_path: Path) -> None:
    detectors = {32: FakeDetector(), 64: FakeDetector(), 96: FakeDetector()}
    rules = {"album": SourceRule(32), "crops": SourceRule(64, "whole_image"), "other": SourceRule(96)}
    opened: list[int] = []

    def open_detector(size: int) -> FakeDetector:
        opened.append(size)
        return detectors[size]

    crop(manifest, FakeDetector(), tmp_path, plan={"rules": rules, "open_detector": open_detector})
    assert {number % 3 == 0 for number in detectors[32].seen} == {False}
    assert detectors[64].seen == [0, 3, 6, 9, 12, 15, 18]
    assert opened == [32, 64]  # not that of a source without images


FACE = {"x1": 10.0, "y1": 10.0, "x2": 50.0, "y2": 40.0, "sharpness": 80.0, "faces": 3}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (FaceLimits(), None),
        (FaceLimits(min_side=30, min_sharpness=80, max_faces=3), None),
        (FaceLimits(min_side=30.1), "too_small"),
        (FaceLimits(min_sharpness=80.1), "blurred"),
        (FaceLimits(max_faces=2), "too_many_faces"),
        (FaceLimits(min_side=31, min_sharpness=90, max_faces=1), "too_small"),
    ],
)
def test_the_first_limit_that_a_face_breaks_is_its_reason(limits: FaceLimits, reason: str | None) -> None:
    objection = limits.objection(FACE)
    assert (objection and objection["reason"]) == reason


def test_another_limit_moves_rows_and_redoes_no_image(manifest: pd.DataFrame, tmp_path: Path) -> None:
    faces, rejected = crop_tables(manifest, FakeDetector(), tmp_path)
    before = crops_in(tmp_path)
    idle = FakeDetector(dies_after=0)
    fewer, more = crop_tables(manifest, idle, tmp_path, limits=FaceLimits(min_side=21))
    assert set(more["reason"]) - set(rejected["reason"]) == {"too_small"}
    assert fewer["image_id"].tolist() == ["crops/09 é.png"]  # taken whole, 32 pixels high
    assert sorted([*fewer["image_id"], *more["image_id"]]) == sorted(manifest["image_id"])
    assert crops_in(tmp_path) == before
    again, same = crop_tables(manifest, idle, tmp_path)
    pd.testing.assert_frame_equal(again, faces)
    pd.testing.assert_frame_equal(same, rejected)


def test_an_image_that_could_not_be_opened_is_always_tried_again(
    manifest: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = Path(manifest["path"][5])

    def refusing_read(path: str) -> bytes:
        if path == str(locked):
            reason, detail = "unreadable", "Permission denied"
            raise ImageError(reason, detail)
        return read_content(path)

    with monkeypatch.context() as patch:
        patch.setattr(face_cropper, "read_content", refusing_read)
        _, rejected = crop(manifest, FakeDetector(), tmp_path / "crops")
    assert b",unreadable,Permission denied" in rejected
    again = FakeDetector()
    tables = crop(manifest, again, tmp_path / "crops")  # the file itself has not changed
    assert again.seen == [5]
    assert tables == crop(manifest, FakeDetector(), tmp_path / "anew")


def test_a_source_that_is_not_in_the_parameters_is_named(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path)
    with pytest.raises(DataError, match=r"one of params\.yaml: album\. Received also: crops\. Run"):
        crop(manifest, FakeDetector(), tmp_path, plan={"rules": {"album": SourceRule()}})


def test_the_journal_forgets_images_that_left_the_manifest(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path)
    half_written = tmp_path / ".writing-x.jsonl"
    half_written.write_text("left by a kill")
    part = manifest[manifest["source"] == "crops"]
    crop(part, FakeDetector(dies_after=0), tmp_path)
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)[0] for line in lines[1:]) == sorted(part["image_id"])
    assert not half_written.exists()
    back = FakeDetector()
    crop(manifest, back, tmp_path)
    assert set(back.seen) == {number for number in range(20) if number % 3} - {7, 11, 13}
