"""Adience: fold files of both releases, their thirty age labels, and the folder layouts of the archives."""

from collections import Counter
from pathlib import Path

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.adience import PUBLISHED, read_adience, read_published_folds
from tests.locations import SHARED_DATA

REAL = SHARED_DATA / "adience"
HEADER = "user_id original_image face_id age gender x y dx dy tilt_ang fiducial_yaw_angle fiducial_score".replace(
    " ", "\t"
)
USER = "30601258@N03"


def row(*, image: str = "10_a_o.jpg", face: str = "1", age: str = "(25, 32)", gender: str = "f") -> str:
    return "\t".join([USER, image, face, age, gender, "0", "414", "1086", "1383", "-115", "30", "17"])


def make_tree(
    root: Path, *rows: str, fold: str = "fold_0_data.txt", end: str = "\n", header: str = HEADER, faces: bool = True
) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    lines = [header, *rows] if header else rows
    (root / fold).write_bytes(end.join(lines).encode())
    for fields in (line.split("\t") for line in rows if faces and line.count("\t") == 11):
        path = root / "faces" / fields[0] / f"coarse_tilt_aligned_face.{fields[2]}.{fields[1]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (root / "faces").mkdir(exist_ok=True)
    return root


def test_a_line_gives_its_labels(tmp_path: Path) -> None:
    (record,) = read_adience(make_tree(tmp_path, row()))
    relative = f"faces/{USER}/coarse_tilt_aligned_face.1.10_a_o.jpg"
    assert record == Record(tmp_path / relative, relative, 25, 32, "interval", {"gender": "female"}, "1")


def test_the_subject_is_the_person_and_not_the_album(tmp_path: Path) -> None:
    rows = [row(face="7"), row(face="7", image="11_b_o.jpg"), row(face="8"), row(face="7").replace(USER, "1@N01")]
    records = list(read_adience(make_tree(tmp_path, *rows)))
    assert [item.subject for item in records if isinstance(item, Record)] == ["7", "7", "8", "7"]


@pytest.mark.parametrize(
    ("age", "low", "high", "kind"),
    [
        *((f"({low}, {high})", low, high, "interval") for low, high in [(0, 2), (4, 6), (8, 12), (15, 20), (25, 32)]),
        *((f"({low}, {high})", low, high, "interval") for low, high in [(38, 43), (48, 53), (60, 100), (27, 32)]),
        *((f"({low}, {high})", low, high, "interval") for low, high in [(38, 42), (38, 48), (8, 23)]),
        ("(25, 23)", 25, 32, "interval"),
        *((str(age), age, age, "exact") for age in [2, 3, 13, 22, 23, 29, 32, 34, 35, 36, 42, 45, 46, 55, 56, 57, 58]),
    ],
)
def test_every_age_label_of_the_fold_files_is_parsed(tmp_path: Path, age: str, low: int, high: int, kind: str) -> None:
    (record,) = read_adience(make_tree(tmp_path, row(age=age)))
    assert isinstance(record, Record)
    assert (record.age_low, record.age_high, record.age_kind) == (low, high, kind)


@pytest.mark.parametrize(
    ("age", "reason"), [("None", "no_age"), ("", "no_age"), ("8-12", "bad_age"), ("(8, )", "bad_age")]
)
def test_a_face_without_a_valid_age_is_rejected(tmp_path: Path, age: str, reason: str) -> None:
    (rejection,) = read_adience(make_tree(tmp_path, row(age=age)))
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.detail) == (reason, f"fold_0_data.txt:2: {age!r}")


@pytest.mark.parametrize(("code", "gender"), [("m", "male"), ("f", "female"), ("u", None), ("", None)])
def test_codes_of_gender_are_translated(tmp_path: Path, code: str, gender: str | None) -> None:
    (record,) = read_adience(make_tree(tmp_path, row(gender=code)))
    assert isinstance(record, Record)
    assert record.attributes == {"gender": gender}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [HEADER, "\ufeff" + HEADER, ""])
@pytest.mark.parametrize("last", [(), ("",), ("", "")])
def test_line_ends_and_headers_make_no_difference(tmp_path: Path, end: str, header: str, last: tuple[str, ...]) -> None:
    make_tree(tmp_path, row(face="1"), row(face="2"), *last, end=end, header=header)
    assert [type(item) for item in read_adience(tmp_path)] == [Record, Record]


def test_the_duplicates_of_the_first_release_are_rejected(tmp_path: Path) -> None:
    found = list(read_adience(make_tree(tmp_path, row(), row(face="2"), row(), row(image="11_b_o.jpg"))))
    assert [getattr(item, "reason", None) for item in found] == [None, None, "duplicate_row", None]
    assert found[2].relative == found[0].relative


@pytest.mark.parametrize(
    "line", [row()[:40], row() + "\t1", row().replace("\t", " "), row(face=""), row(image=""), row(face="one")]
)
def test_a_malformed_line_is_rejected_with_its_number(tmp_path: Path, line: str) -> None:
    found = list(read_adience(make_tree(tmp_path, row(), line, row(face="3"))))
    assert [type(item) for item in found] == [Record, Rejection, Record]
    rejection = found[1]
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.relative) == ("bad_line", "fold_0_data.txt:3")


def test_a_face_without_its_file_is_rejected(tmp_path: Path) -> None:
    (rejection,) = read_adience(make_tree(tmp_path, row(), faces=False))
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "missing"


def test_only_regular_folds_are_read_and_in_their_order(tmp_path: Path) -> None:
    for number, fold in enumerate(["fold_4_data.txt", "fold_frontal_1_data.txt", "fold_1_data.txt", "fold_5_data.txt"]):
        make_tree(tmp_path, row(face=str(number)), fold=fold)
    assert [item.relative.split(".")[1] for item in read_adience(tmp_path)] == ["2", "0"]


@pytest.mark.parametrize("times", [0, 1, 2])
def test_image_names_do_not_depend_on_the_nesting(tmp_path: Path, times: int) -> None:
    home = tmp_path.joinpath(*["AdienceBenchmarkGenderAndAgeClassification"] * times)
    make_tree(home, row())
    assert [item.relative for item in read_adience(tmp_path)] == [f"faces/{USER}/coarse_tilt_aligned_face.1.10_a_o.jpg"]


def test_faces_can_be_in_a_deeper_folder_than_the_folds(tmp_path: Path) -> None:
    make_tree(tmp_path / "AdienceBenchmarkGenderAndAgeClassification", row())
    inner = tmp_path / "AdienceBenchmarkGenderAndAgeClassification"
    (inner / "fold_0_data.txt").rename(tmp_path / "fold_0_data.txt")
    assert [type(item) for item in read_adience(tmp_path)] == [Record]


def test_a_folder_without_folds_is_rejected(tmp_path: Path) -> None:
    make_tree(tmp_path, row(), fold="fold_frontal_0_data.txt")
    with pytest.raises(DataError, match=r"fold_0_data.txt.*Found .*faces, fold_frontal_0.*talhassner"):
        list(read_adience(tmp_path))


@pytest.mark.skipif(not REAL.is_dir(), reason="needs shared/data/adience")
def test_every_line_of_the_real_data_set_is_read_or_rejected() -> None:
    found = list(read_adience(REAL))
    ages = Counter((item.age_low, item.age_high) for item in found if isinstance(item, Record))
    assert [item.reason for item in found if isinstance(item, Rejection)] == ["no_age"]
    assert len(found) == 1_586
    assert ages == {
        (0, 2): 238,
        (4, 6): 258,
        (8, 12): 6,
        (15, 20): 10,
        (25, 32): 950,
        (38, 43): 71,
        (48, 53): 22,
        (60, 100): 30,
    }


def test_published_folds_have_the_faces_of_the_eight_classes(tmp_path: Path) -> None:
    for fold in range(5):
        rows = [row(face=str(fold), age=age) for age in ("(8, 12)", "(25, 23)")]
        rows[1] = rows[1].replace("10_a", "11_b")
        others = [
            row(face=str(100 + fold), image=f"{i}_o.jpg", age=age) for i, age in enumerate(("35", "None", "(38, 48)"))
        ]
        make_tree(tmp_path, *rows, *others, "a bad line", fold=f"fold_{fold}_data.txt", faces=False)
    folds = read_published_folds(tmp_path)
    assert len(folds) == 10
    assert folds[f"faces/{USER}/coarse_tilt_aligned_face.3.11_b_o.jpg"] == 3


def test_published_folds_need_all_five_files(tmp_path: Path) -> None:
    make_tree(tmp_path, row())
    with pytest.raises(DataError, match="all five fold files"):
        read_published_folds(tmp_path)


@pytest.mark.skipif(not (SHARED_DATA / "adience_folds").is_dir(), reason="the fold files of Adience are not there")
def test_real_folds_have_as_many_faces_as_published() -> None:
    folds = read_published_folds(SHARED_DATA / "adience_folds")
    assert len(folds) == 17_393
    assert len(PUBLISHED) == 8
    assert sorted(Counter(folds.values())) == [0, 1, 2, 3, 4]
