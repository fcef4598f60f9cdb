"""FG-NET: upper and lower case names, two photographs at one age, age 0, and folder layouts."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.fgnet import read_fgnet
from tests.data_prep.readers.raw_folder import fill


@pytest.mark.parametrize(
    ("name", "age", "subject"),
    [
        ("001A02.JPG", 2, "001"),
        ("001a02.JPG", 2, "001"),
        ("004A30.jpg", 30, "004"),
        ("009A16b.jpg", 16, "009"),
        ("010A07a.jpeg", 7, "010"),
        ("009A00.jpg", 0, "009"),
        ("082A69.JPG", 69, "082"),
    ],
)
def test_a_name_gives_its_labels(tmp_path: Path, name: str, age: int, subject: str) -> None:
    assert list(read_fgnet(fill(tmp_path, name))) == [Record(tmp_path / name, name, age, age, subject=subject)]


@pytest.mark.parametrize("name", ["00001A02.jpg", "001A2.JPG", "001A02ab.JPG", "portrait.png", "._001A02.JPG"])
def test_an_image_with_another_name_is_rejected(tmp_path: Path, name: str) -> None:
    found = list(read_fgnet(fill(tmp_path, "002A03.JPG", name)))
    assert [(item.relative, item.reason) for item in found if isinstance(item, Rejection)] == [(name, "bad_name")]
    assert len(found) == 2


@pytest.mark.parametrize("nesting", ["", "images", "Images", "FGNET/images", "FG-NET/FGNET/images"])
def test_image_names_do_not_depend_on_the_given_folder(tmp_path: Path, nesting: str) -> None:
    fill(tmp_path / nesting, "001A02.JPG")
    fill(tmp_path / "FGNET" / "points", "001a02.pts")
    assert [item.relative for item in read_fgnet(tmp_path)] == ["001A02.JPG"]


def test_nested_copies_are_read_once(tmp_path: Path) -> None:
    fill(tmp_path / "images", "001A02.JPG")
    fill(tmp_path / "FGNET" / "images", "001A02.JPG")
    assert [item.path.parent for item in read_fgnet(tmp_path)] == [tmp_path / "images"]


def test_images_are_sorted_by_name_regardless_of_case(tmp_path: Path) -> None:
    fill(tmp_path, "010A07b.jpg", "010A07a.JPG", "001a05.JPG", "001A02.JPG", "001A08.jpg", "notes.txt")
    assert [item.relative for item in read_fgnet(tmp_path)] == [
        *("001A02.JPG", "001a05.JPG", "001A08.jpg", "010A07a.JPG", "010A07b.jpg")
    ]


def test_another_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"001A02\.JPG.*Found .*a\.jpg.*FG_NET_data .for research only"):
        list(read_fgnet(fill(tmp_path, "a.jpg")))
