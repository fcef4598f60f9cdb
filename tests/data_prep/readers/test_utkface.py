"""UTKFace: names, known malformed names, and the folder layouts of the archives."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.utkface import read_utkface
from tests.data_prep.readers.raw_folder import fill
from tests.locations import SHARED_DATA

REAL = SHARED_DATA / "utkface"
PLAIN = "26_1_2_20170116184024662.jpg.chip.jpg"


@pytest.mark.parametrize(
    ("name", "age", "gender", "ethnicity"),
    [
        (PLAIN, 26, "female", "Asian"),
        ("0_0_3_20170116184024662.jpg.chip.jpg", 0, "male", "Indian"),
        ("116_1_4_20170116184024662.jpg.chip.jpg", 116, "female", "Other"),
        ("39_1_20170116174525125.jpg.chip.jpg", 39, "male", "Black"),
        ("61_1_20170109142408075.jpg.chip.jpg", 61, "female", "Black"),
        ("61_1_20170109150557335.jpg.chip.jpg", 61, "female", "Indian"),
        ("24_0_1_20170116220224657 .jpg.chip.jpg", 24, "male", "Black"),
        ("55_0_0_20170116232725357jpg.chip.jpg", 55, "male", "White"),
        ("14_0_0_2017011022340900.jpg.chip.jpg", 14, "male", "White"),
        ("28_1_2_201701161846515488.jpg.chip.jpg", 28, "female", "Asian"),
        ("38_0_1_201701162330572788.jpg.chip.jpg", 38, "male", "Black"),
        # Names of the release in the wild are malformed in other ways.
        ("61_3_20170109150557335.jpg", 61, "female", "Indian"),
        ("53__0_20170116184028385.jpg", 53, "female", "White"),
        ("30_1_20170116184024662.jpg", 30, None, None),
        ("30_7_2_20170116184024662.jpg", 30, None, "Asian"),
        ("30_1_7_20170116184024662.JPG", 30, "female", None),
    ],
)
def test_a_name_gives_its_labels(
    tmp_path: Path, name: str, age: int, gender: str | None, ethnicity: str | None
) -> None:
    folder = fill(tmp_path, name)
    (record,) = read_utkface(folder)
    assert record == Record(folder / name, name, age, age, attributes={"gender": gender, "ethnicity": ethnicity})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("portrait.jpg", "bad_name"),
        ("_1_2_20170116184024662.jpg.chip.jpg", "bad_name"),
        ("1234_1_2_20170116184024662.jpg.chip.jpg", "bad_name"),
        ("._26_1_2_20170116184024662.jpg.chip.jpg", "bad_name"),
        ("117_1_2_20170116184024662.jpg.chip.jpg", "impossible_age"),
    ],
)
def test_a_name_without_a_valid_age_is_rejected(tmp_path: Path, name: str, reason: str) -> None:
    found = list(read_utkface(fill(tmp_path, PLAIN, name)))
    assert [(item.relative, item.reason) for item in found if isinstance(item, Rejection)] == [(name, reason)]
    assert len(found) == 2


@pytest.mark.parametrize(
    "nesting", ["", "UTKFace", "UTKFace/UTKFace", "utkface-new/utkface_aligned_cropped/UTKFace", "utkface"]
)
def test_image_names_do_not_depend_on_the_given_folder(tmp_path: Path, nesting: str) -> None:
    fill(tmp_path / nesting, PLAIN)
    assert [item.relative for item in read_utkface(tmp_path)] == [PLAIN]


def test_nested_copies_and_crop_part1_are_read_once(tmp_path: Path) -> None:
    fill(tmp_path / "UTKFace", PLAIN, "landmarks.txt")
    for copy in ("crop_part1", "utkface_aligned_cropped/UTKFace", "utkface_aligned_cropped/crop_part1", "part1"):
        fill(tmp_path / copy, PLAIN)
    assert [item.path for item in read_utkface(tmp_path)] == [tmp_path / "UTKFace" / PLAIN]


def test_crop_part1_is_read_only_if_it_is_the_given_folder(tmp_path: Path) -> None:
    folder = fill(tmp_path / "crop_part1", PLAIN)
    with pytest.raises(DataError, match="crop_part1 is a part of UTKFace"):
        list(read_utkface(tmp_path))
    assert len(list(read_utkface(folder))) == 1


def test_parts_of_the_release_in_the_wild_are_read_in_order(tmp_path: Path) -> None:
    for part in ("part3", "part1", "crop_part1", "part2"):
        fill(tmp_path / "utkface" / part, PLAIN.replace(".chip.jpg", ""))
    assert [item.relative.split("/")[0] for item in read_utkface(tmp_path)] == ["part1", "part2", "part3"]


def test_parts_in_folders_of_their_own_name_are_all_read(tmp_path: Path) -> None:
    for folder in ("part1/part1", "part2/part2", "part3"):
        fill(tmp_path / folder, PLAIN)
    names = [item.relative for item in read_utkface(tmp_path)]
    assert names == [f"part1/part1/{PLAIN}", f"part2/part2/{PLAIN}", f"part3/{PLAIN}"]


def test_images_are_sorted_by_name_regardless_of_case(tmp_path: Path) -> None:
    names = ["30_0_0_2.JPG", "30_0_0_10.jpg", "4_0_0_1.jpg", "100_0_0_1.Jpg"]
    assert [item.relative for item in read_utkface(fill(tmp_path, *names))] == [
        "100_0_0_1.Jpg",
        "30_0_0_10.jpg",
        "30_0_0_2.JPG",
        "4_0_0_1.jpg",
    ]


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    store = fill(tmp_path / "store", PLAIN)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "UTKFace").symlink_to(store)
    assert len(list(read_utkface(tmp_path / "raw"))) == 1
    (store / "30_0_0_1.jpg").symlink_to(store / PLAIN)
    assert len(list(read_utkface(tmp_path / "raw"))) == 2


@pytest.mark.parametrize(
    ("names", "found"), [((), "an empty folder"), (("001A02.JPG",), "001A02.JPG"), (("14_Aaron_0001.jpg",), "14_Aaron")]
)
def test_another_folder_is_rejected(tmp_path: Path, names: tuple[str, ...], found: str) -> None:
    with pytest.raises(DataError, match=f"Found .*{found}.*susanqq.github.io/UTKFace .for research only"):
        list(read_utkface(fill(tmp_path, *names)))


def test_a_missing_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder at"):
        list(read_utkface(tmp_path / "absent"))


@pytest.mark.skipif(not REAL.is_dir(), reason="needs shared/data/utkface")
def test_every_file_of_the_real_data_set_is_read() -> None:
    files = sum(1 for _ in (REAL / "UTKFace").iterdir())
    found = list(read_utkface(REAL))
    records = [item for item in found if isinstance(item, Record)]
    assert len(found) == files == 20_657
    assert len(records) == files
    assert all(all(record.attributes.values()) for record in records)
    assert max(record.age_high for record in records) == 116
    assert len({record.relative for record in records}) == files
