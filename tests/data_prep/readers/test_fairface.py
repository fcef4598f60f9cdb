"""FairFace: intervals, also those that a spreadsheet program damaged, attributes, and lines that cannot be used."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.fairface import read_fairface

HEADER = "file,age,gender,race,service_test"


def write(folder: Path, *lines: str, name: str = "fairface_label_train.csv", header: str = HEADER) -> Path:
    """Write a label file, and the image of each line that names one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    for line in lines:
        image = folder / line.partition(",")[0]
        image.parent.mkdir(exist_ok=True)
        image.write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("age", "low", "high"),
    [("0-2", 0, 2), ("3-9", 3, 9), ("03-Sep", 3, 9), ("10-19", 10, 19), ("Oct-19", 10, 19), ("more than 70", 70, 100)],
)
def test_ages_are_intervals(tmp_path: Path, age: str, low: int, high: int) -> None:
    (record,) = read_fairface(write(tmp_path, f"train/1.jpg,{age},Male,East Asian,True"))
    assert record == Record(
        tmp_path / "train/1.jpg",
        "train/1.jpg",
        low,
        high,
        age_kind="interval",
        attributes={"gender": "male", "ethnicity": "East Asian"},
    )


def test_both_label_files_are_read_in_their_order(tmp_path: Path) -> None:
    write(tmp_path / "FairFace", "val/1.jpg,20-29,Female,White,False", name="fairface_label_val.csv")
    write(tmp_path / "FairFace", "train/1.jpg,20-29,Female,White,False")
    assert [item.relative for item in read_fairface(tmp_path)] == ["train/1.jpg", "val/1.jpg"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("train/2.jpg,old,Male,White,True", "bad_age"),
        ("train/2.jpg,9-3,Male,White,True", "bad_age"),
        ("train/2.jpg,3-9,M4le,White,True", "bad_gender"),
        ("train/2.jpg,3-9", "bad_line"),
    ],
)
def test_a_line_that_cannot_be_used_has_a_reason(tmp_path: Path, line: str, reason: str) -> None:
    (found,) = read_fairface(write(tmp_path, line))
    assert isinstance(found, Rejection)
    assert found.reason == reason
    assert "fairface_label_train.csv:2" in found.detail


def test_an_image_that_was_not_unpacked_is_missing(tmp_path: Path) -> None:
    write(tmp_path, "train/1.jpg,3-9,Male,White,True")
    (tmp_path / "train/1.jpg").unlink()
    (found,) = read_fairface(tmp_path)
    assert isinstance(found, Rejection)
    assert found.reason == "missing"


def test_another_folder_or_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"fairface_label_train\.csv.*Found an empty folder"):
        list(read_fairface(tmp_path))
    with pytest.raises(DataError, match=r"must have the columns age, file, gender, race\. Received: path, age"):
        list(read_fairface(write(tmp_path, header="path,age")))
