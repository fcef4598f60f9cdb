"""The crop stage: every image ends in one of two tables."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import encode_jpeg, read_rgb
from agelens.data_prep.core.tables import FACES, REJECTED, check_table
from agelens.data_prep.faces import crop_manifest, cropper
from agelens.data_prep.faces.crop import crop_face
from agelens.data_prep.faces.crop_manifest import FaceLimits, run_threads
from agelens.data_prep.faces.cropper import SourceRule
from agelens.data_prep.faces.sharpness import sharpness
from tests.data_prep.fake_photos import (
    SHAPE,
    FakeDetector,
    InterruptionError,
    crop,
    crop_tables,
    crops_in,
    make_manifest,
)

pytestmark = pytest.mark.usefixtures("batches_of_four")


def test_both_tables_contain_all_images_in_the_order_of_the_manifest(manifest: pd.DataFrame, tmp_path: Path) -> None:
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


def test_a_ready_made_crop_without_a_face_is_used_whole(manifest: pd.DataFrame, tmp_path: Path) -> None:
    faces, _ = crop_tables(manifest, FakeDetector(), tmp_path)
    row = faces.set_index("image_id").loc["crops/09 é.png"]
    assert [row[name] for name in ("x1", "y1", "x2", "y2")] == [0, 0, 40, 32]
    assert (row["found"], row["faces"]) == ("whole_image", 0)
    assert np.isnan(row["score"])


def test_only_crops_are_written_into_their_folder(manifest: pd.DataFrame, tmp_path: Path) -> None:
    """DVC hashes the folder: a journal in it, with its times of files, would differ on every machine."""
    (tmp_path / "crops").mkdir()
    (tmp_path / "crops/journal.jsonl").write_text("of an earlier version")
    faces, _ = crop_tables(manifest, FakeDetector(), tmp_path / "crops")
    found = {
        path.relative_to(tmp_path / "crops").as_posix() for path in (tmp_path / "crops").rglob("*") if path.is_file()
    }
    assert found == {"state/journal.jsonl", *faces["crop"]}


def test_an_empty_manifest_gives_empty_tables(tmp_path: Path) -> None:
    detector = FakeDetector(fails_after=0)
    faces, rejected = crop(make_manifest([]), detector, tmp_path)
    assert faces.decode().strip() == ",".join(FACES.names)
    assert rejected.decode().strip() == ",".join(REJECTED.names)


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("batch", [1, 3, 64])
@pytest.mark.parametrize("budget", [1, 10**8], ids=["small", "large"])
def test_the_result_does_not_depend_on_threads_batches_or_memory(
    manifest: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, batch: int, budget: int
) -> None:
    expected = crop(manifest, FakeDetector(), tmp_path / "one")
    monkeypatch.setattr(crop_manifest, "BATCH_IMAGES", batch)
    monkeypatch.setattr(cropper, "MAX_PIXELS_IN_MEMORY", budget)
    engine = partial(run_threads, threads=threads)
    assert crop(manifest, FakeDetector(), tmp_path / "two", engine=engine) == expected
    assert crops_in(tmp_path / "one") == crops_in(tmp_path / "two")


def test_progress_sums_to_the_number_of_images(manifest: pd.DataFrame, tmp_path: Path) -> None:
    steps: list[int] = []
    with pytest.raises(InterruptionError):
        crop(manifest, FakeDetector(fails_after=2), tmp_path, progress=steps.append)
    assert steps == [0, 4, 4]
    again: list[int] = []
    crop(manifest, FakeDetector(), tmp_path, progress=again.append)
    assert again == [8, 4, 4, 4]


def test_each_source_uses_the_detector_of_its_size(manifest: pd.DataFrame, tmp_path: Path) -> None:
    detectors = {32: FakeDetector(), 64: FakeDetector(), 96: FakeDetector()}
    rules = {"album": SourceRule(32), "crops": SourceRule(64, "whole_image"), "other": SourceRule(96)}
    opened: list[int] = []

    def open_detector(size: int) -> FakeDetector:
        opened.append(size)
        return detectors[size]

    crop(manifest, FakeDetector(), tmp_path, plan={"rules": rules, "open_detector": open_detector})
    assert {number % 3 == 0 for number in detectors[32].detected} == {False}
    assert detectors[64].detected == [0, 3, 6, 9, 12, 15, 18]
    assert opened == [32, 64]  # none for a source without images


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
def test_the_reason_is_the_first_violated_limit(limits: FaceLimits, reason: str | None) -> None:
    violation = limits.violation(FACE)
    assert (violation and violation["reason"]) == reason


def test_a_changed_limit_repeats_no_image(manifest: pd.DataFrame, tmp_path: Path) -> None:
    faces, rejected = crop_tables(manifest, FakeDetector(), tmp_path)
    before = crops_in(tmp_path)
    idle = FakeDetector(fails_after=0)
    fewer, more = crop_tables(manifest, idle, tmp_path, limits=FaceLimits(min_side=21))
    assert set(more["reason"]) - set(rejected["reason"]) == {"too_small"}
    assert fewer["image_id"].tolist() == ["crops/09 é.png"]  # a whole image, 32 pixels high
    assert sorted([*fewer["image_id"], *more["image_id"]]) == sorted(manifest["image_id"])
    assert crops_in(tmp_path) == before
    again, same = crop_tables(manifest, idle, tmp_path)
    pd.testing.assert_frame_equal(again, faces)
    pd.testing.assert_frame_equal(same, rejected)


def test_an_unknown_source_is_named_in_the_error(manifest: pd.DataFrame, tmp_path: Path) -> None:
    crop(manifest, FakeDetector(), tmp_path)
    with pytest.raises(DataError, match=r"one of params\.yaml: album\. Received also: crops\. Run"):
        crop(manifest, FakeDetector(), tmp_path, plan={"rules": {"album": SourceRule()}})
