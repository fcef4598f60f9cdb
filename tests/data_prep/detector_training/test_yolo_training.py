"""One round of training of the face detector, with a fake of ultralytics that records its arguments."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError, WeightsError
from agelens.data_prep.core.images import Pixels, write_jpeg
from agelens.data_prep.detector_training.yolo_data import yolo_lines
from agelens.data_prep.detector_training.yolo_training import (
    YOLO_FOLDERS,
    DetectorRecipe,
    train_face_detector,
    write_training_set,
)
from agelens.data_prep.faces.detector import Detections

PLAIN = DetectorRecipe(tight_crops=1, free_squares=0, synthetic=0, blank=0, seed=5)


@pytest.fixture
def widerface(tmp_path: Path) -> Path:
    """Return two training photographs, with a face and without a label file, and one for validation."""
    folder = tmp_path / "widerface"
    for part in YOLO_FOLDERS:
        (folder / part).mkdir(parents=True)
    for name in ("train/face", "train/lawn", "val/face"):
        write_jpeg(folder / "images" / f"{name}.jpg", np.full((120, 160, 3), 128, dtype=np.uint8))
    box = np.array([[40.0, 30, 100, 90]])
    for name in ("train/face", "val/face"):
        (folder / "labels" / f"{name}.txt").write_text(yolo_lines(box, height=120, width=160))
    return folder


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the recorded arguments: the file of the model, then the settings of the training, which is not run."""
    calls: list[dict[str, Any]] = []

    class Model:
        def __init__(self, file: str) -> None:
            calls.append({"file": file})

        def train(self, **settings: Any) -> None:
            calls.append(settings)
            if "project" in settings:
                last = Path(settings["project"]) / settings["name"] / "weights/last.pt"
                last.parent.mkdir(parents=True)
                last.write_bytes(b"weights")

    monkeypatch.setattr(
        "agelens.data_prep.detector_training.yolo_training.import_ultralytics", lambda _: SimpleNamespace(YOLO=Model)
    )
    return calls


def test_the_training_set_contains_photographs_and_additional_images(widerface: Path, tmp_path: Path) -> None:
    listing = write_training_set(widerface, tmp_path / "data", recipe=PLAIN)
    assert f"path: {(tmp_path / 'data').resolve()}" in listing.read_text().splitlines()
    found = {path.relative_to(tmp_path / "data").as_posix() for path in (tmp_path / "data").rglob("*.*")}
    assert found == {
        "data.yaml",
        "images/train/face.jpg",
        "images/train/lawn.jpg",
        "images/train/tight0_face.jpg",
        "images/val/face.jpg",
        "labels/train/face.txt",
        "labels/train/tight0_face.txt",
        "labels/val/face.txt",
    }


def test_an_earlier_training_set_is_removed(widerface: Path, tmp_path: Path) -> None:
    write_training_set(widerface, tmp_path / "data", recipe=PLAIN)
    smaller = DetectorRecipe(tight_crops=0, free_squares=0, synthetic=0, blank=1)
    write_training_set(widerface, tmp_path / "data", recipe=smaller)
    names = sorted(path.name for path in (tmp_path / "data/images/train").iterdir())
    assert names == ["blank_0000.jpg", "face.jpg", "lawn.jpg"]


@pytest.mark.parametrize("part", YOLO_FOLDERS)
def test_each_of_the_four_folders_is_required(part: str, widerface: Path, tmp_path: Path) -> None:
    (widerface / part).rename(tmp_path / "away")
    with pytest.raises(DataError, match=f"Missing: {part}"):
        write_training_set(widerface, tmp_path / "data", recipe=PLAIN)


def test_a_round_is_named_after_its_seed(widerface: Path, tmp_path: Path, recorded: list[dict[str, Any]]) -> None:
    work = tmp_path / "work"
    for seed in (5, 6):
        last = train_face_detector(widerface, work, recipe=DetectorRecipe(1, tight_crops=0, synthetic=0, seed=seed))
        assert last == work / f"round_{seed}/weights/last.pt"
        assert last.is_file()
    trained = [call for call in recorded if "data" in call]
    assert [call["name"] for call in trained] == ["round_5", "round_6"]
    assert [call["data"] for call in trained] == [str(work / f"round_{seed}/data/data.yaml") for seed in (5, 6)]


def test_a_round_is_never_overwritten(widerface: Path, tmp_path: Path, recorded: list[dict[str, Any]]) -> None:
    train_face_detector(widerface, tmp_path / "work", recipe=PLAIN)
    with pytest.raises(WeightsError, match=r"round_5/weights/last\.pt already exists.*--resume.*--seed"):
        train_face_detector(widerface, tmp_path / "work", recipe=PLAIN)


def test_the_round_of_the_seed_is_resumed(widerface: Path, tmp_path: Path, recorded: list[dict[str, Any]]) -> None:
    last = train_face_detector(widerface, tmp_path / "work", recipe=PLAIN)
    assert train_face_detector(widerface, tmp_path / "work", recipe=PLAIN, resume=True, trusted=None) == last
    assert recorded[-2:] == [{"file": str(last)}, {"resume": True}]


@pytest.mark.parametrize("resume", [True, False])
def test_the_checkpoint_to_start_from_is_required(
    resume: bool, widerface: Path, tmp_path: Path, recorded: list[dict[str, Any]]
) -> None:
    start = None if resume else tmp_path / "gone.pt"
    with pytest.raises(WeightsError, match="There is no checkpoint"):
        train_face_detector(widerface, tmp_path, recipe=PLAIN, start=start, resume=resume)
    assert recorded == []


@pytest.mark.parametrize("resume", [True, False])
def test_an_untrusted_checkpoint_is_rejected(
    resume: bool, widerface: Path, tmp_path: Path, recorded: list[dict[str, Any]]
) -> None:
    start = tmp_path / f"work/round_{PLAIN.seed}/weights/last.pt" if resume else tmp_path / "start.pt"
    start.parent.mkdir(parents=True, exist_ok=True)
    start.write_bytes(b"weights")
    with pytest.raises(WeightsError, match=r"pickle.*--trust"):
        train_face_detector(widerface, tmp_path / "work", recipe=PLAIN, start=start, resume=resume, trusted={"0" * 64})
    assert recorded == []


def test_false_detections_need_the_exported_model_beside_the_checkpoint(widerface: Path, tmp_path: Path) -> None:
    recipe = DetectorRecipe(hard_squares=1)
    (tmp_path / "start.pt").write_bytes(b"weights")
    for start in (None, tmp_path / "start.pt"):
        with pytest.raises(WeightsError, match=r"exported \.xml beside it.*--hard-squares 0"):
            train_face_detector(widerface, tmp_path / "work", recipe=recipe, start=start, trusted=None)


def test_squares_with_false_detections_are_added_to_the_training_set(widerface: Path, tmp_path: Path) -> None:
    class Mistaken:
        def detect(self, images: Sequence[Pixels]) -> list[Detections]:
            return [Detections(np.array([[0.0, 0, 9, 9]]), np.array([0.5])) for _ in images]

    write_jpeg(widerface / "images/train/lawn.jpg", np.full((300, 300, 3), 128, dtype=np.uint8))
    recipe = DetectorRecipe(tight_crops=0, free_squares=0, hard_squares=1, synthetic=0, blank=0)
    write_training_set(widerface, tmp_path / "data", recipe=recipe, miner=Mistaken())
    names = sorted(path.name for path in (tmp_path / "data/images/train").iterdir())
    assert names == ["face.jpg", "free0_lawn.jpg", "lawn.jpg"]
