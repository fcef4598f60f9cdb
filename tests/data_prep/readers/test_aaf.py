"""All-Age-Faces: names, gender by number, and the folder of originals."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.aaf import read_aaf
from tests.data_prep.readers.raw_folder import fill
from tests.locations import SHARED_DATA


@pytest.mark.parametrize(
    ("name", "age", "gender"),
    [
        ("00000A02.jpg", 2, "female"),
        ("07380A79.jpg", 79, "female"),
        ("07381A03.JPG", 3, "male"),
        ("13321A80.jpg", 80, "male"),
    ],
)
def test_a_name_gives_its_labels(tmp_path: Path, name: str, age: int, gender: str) -> None:
    expected = Record(tmp_path / name, name, age, age, attributes={"gender": gender})
    assert list(read_aaf(fill(tmp_path, name))) == [expected]


def test_a_name_of_fg_net_is_rejected(tmp_path: Path) -> None:
    first, second = read_aaf(fill(tmp_path, "00001A02.jpg", "001A02.JPG"))
    assert isinstance(first, Record)
    assert isinstance(second, Rejection)
    assert (second.relative, second.reason) == ("001A02.JPG", "bad_name")


def test_originals_are_read_and_not_their_aligned_copies(tmp_path: Path) -> None:
    fill(tmp_path / "All-Age-Faces Dataset" / "aglined faces", "00001A02.jpg")
    originals = fill(tmp_path / "All-Age-Faces Dataset" / "original images", "00001A02.jpg")
    assert [item.path.parent for item in read_aaf(tmp_path)] == [originals]


def test_another_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"00001A02\.jpg.*Found .*001A02\.JPG.*All-Age-Faces-Dataset"):
        list(read_aaf(fill(tmp_path, "001A02.JPG")))


@pytest.mark.skipif(not (SHARED_DATA / "aaf").is_dir(), reason="All-Age-Faces is not there")
def test_real_files_have_the_labels_of_their_table() -> None:
    read = list(read_aaf(SHARED_DATA / "aaf" / "images"))
    lines = (SHARED_DATA / "aaf" / "aaf.csv").read_text().splitlines()[1:]
    labels = {tuple(line.split(",")[:3]) for line in lines}
    assert {(f"images/{item.relative}", f"{item.age_low}", item.attributes["gender"]) for item in read} == labels
