"""Tables of a user's own photographs: columns, invalid values, and paths outside of the folder."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.table import read_label_table


def write_csv(folder: Path, *lines: str, images: tuple[str, ...] = ("a.jpg", "sub/b.jpg")) -> Path:
    for name in images:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    table = folder / "labels.csv"
    table.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return table


def test_a_row_gives_its_labels(tmp_path: Path) -> None:
    table = write_csv(
        tmp_path,
        "path,age,subject,gender,ethnicity,camera",
        "a.jpg,31.5,007,F,None,Leica",
        "sub/b.jpg,0,,,,",
    )
    assert list(read_label_table(table)) == [
        Record(tmp_path / "a.jpg", "a.jpg", 31.5, 31.5, "exact", {"gender": "female", "ethnicity": "None"}, "007"),
        Record(tmp_path / "sub/b.jpg", "sub/b.jpg", 0, 0, attributes={"gender": None, "ethnicity": None}),
    ]


@pytest.mark.parametrize(
    ("header", "values", "low", "high", "kind"),
    [
        ("path,age_low,age_high", "a.jpg,20,29", 20, 29, "interval"),
        ("path,age_low,age_high", "a.jpg,20,20", 20, 20, "exact"),
        ("path,age,age_low,age_high", "a.jpg,24.5,20,29", 20, 29, "interval"),
        ("path,age,age_low,age_high", "a.jpg,24.5,,", 24.5, 24.5, "exact"),
        ("path,age", "a.jpg,20-29", 20, 29, "interval"),
        ("path,age", "a.jpg,more than 70", 70, 100, "interval"),
        ("\ufeffPath, Age ", " a.jpg , 30 ", 30, 30, "exact"),
    ],
)
def test_an_age_is_a_number_or_an_interval(
    tmp_path: Path, header: str, values: str, low: float, high: float, kind: str
) -> None:
    (record,) = read_label_table(write_csv(tmp_path, header, values))
    assert isinstance(record, Record)
    assert (record.age_low, record.age_high, record.age_kind) == (low, high, kind)


@pytest.mark.parametrize(
    ("word", "gender"),
    [("m", "male"), ("Male", "male"), ("f", "female"), ("FEMALE", "female"), ("", None), ("unknown", None)],
)
def test_spellings_of_gender_are_accepted(tmp_path: Path, word: str, gender: str | None) -> None:
    (record,) = read_label_table(write_csv(tmp_path, "path,age,gender", f"a.jpg,30,{word}"))
    assert isinstance(record, Record)
    assert record.attributes == {"gender": gender}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (",30,m", "no_path"),
        ("a.jpg,,m", "no_age"),
        ("a.jpg,-1,m", "bad_age"),
        ("a.jpg,nan,m", "bad_age"),
        ("a.jpg,inf,m", "bad_age"),
        ("a.jpg,thirty,m", "bad_age"),
        ("a.jpg,30,0", "bad_gender"),
        ("a.jpg,30,1", "bad_gender"),
        ("c.jpg,30,m", "missing"),
        ("../c.jpg,30,m", "missing"),
        (f"{'c' * 5000}.jpg,30,m", "missing"),
        ("c\0.jpg,30,m", "missing"),
        (f"a.jpg,{'9' * 5000},m", "bad_age"),
        ("sub,30,m", "missing"),
        ("a.jpg,30", "bad_line"),
        ("a.jpg,30,m,x", "bad_line"),
    ],
)
def test_an_invalid_row_is_rejected_with_its_line_number(tmp_path: Path, values: str, reason: str) -> None:
    table = write_csv(tmp_path, "path,age,gender", "sub/b.jpg,20,f", "", values)
    first, rejection = read_label_table(table)
    assert isinstance(first, Record)
    assert isinstance(rejection, Rejection)
    assert rejection.reason == reason
    assert rejection.detail.startswith("labels.csv:4: ")


@pytest.mark.parametrize("values", ["a.jpg,30,20", "a.jpg,30,", "a.jpg,,30"])
def test_an_incomplete_or_reversed_interval_is_rejected(tmp_path: Path, values: str) -> None:
    (rejection,) = read_label_table(write_csv(tmp_path, "path,age_low,age_high", values))
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "bad_age"


def test_an_image_name_stays_in_the_folder_although_its_path_does_not(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jpg").write_bytes(b"x")
    table = write_csv(
        tmp_path / "set",
        "path,age",
        "../elsewhere.jpg,30",
        f"{tmp_path}/elsewhere.jpg,30",
        "sub/../a.jpg,30",
        f"{tmp_path}/set/sub/b.jpg,30",
    )
    found = list(read_label_table(table))
    assert [type(item) for item in found] == [Record] * 4
    assert [item.relative for item in found] == ["up/elsewhere.jpg", "up/elsewhere.jpg", "a.jpg", "sub/b.jpg"]


def test_line_numbers_count_quoted_line_breaks(tmp_path: Path) -> None:
    found = list(read_label_table(write_csv(tmp_path, "path,age,note", 'a.jpg,30,"two', 'lines"', "c.jpg,30,")))
    assert isinstance(found[0], Record)
    assert isinstance(found[1], Rejection)
    assert found[1].detail.startswith("labels.csv:4: ")


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    write_csv(tmp_path, "path,age")
    table = tmp_path / "labels.parquet"
    pd.DataFrame(
        {
            "path": ["a.jpg", "sub/b.jpg", None],
            "age": [30.0, None, 20.0],
            "subject": [7, None, 8],
            "gender": ["m", None, None],
        }
    ).to_parquet(table)
    first, second, third = read_label_table(table)
    assert first == Record(tmp_path / "a.jpg", "a.jpg", 30, 30, attributes={"gender": "male"}, subject="7")
    assert isinstance(second, Rejection)
    assert (second.reason, second.detail) == ("no_age", "labels.parquet:2: age is empty")
    assert isinstance(third, Rejection)
    assert third.reason == "no_path"


def test_the_error_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "labels.parquet"
    table.write_bytes(b"x")

    def refuse(_: object) -> None:
        raise ImportError

    monkeypatch.setattr(sys.modules["pandas"], "read_parquet", refuse)
    with pytest.raises(DataError, match="pip install pyarrow, or save the table as CSV"):
        list(read_label_table(table))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", b"", r"must have the columns path and age.*Received: \[\]"),
        ("labels.csv", b"file,age\n", r"Received: \['file', 'age'\]"),
        ("labels.csv", b"path,age_low\n", "must have the columns"),
        ("labels.csv", b"path,age\n\xff.jpg,3\n", "must be comma-separated text in UTF-8"),
        ("labels.csv", "path,age\na.jpg,3\n".encode("utf-16"), "must be comma-separated text in UTF-8"),
        ("labels.csv", b"path,age\na.jpg," + b"x" * 200_000, "field larger than field limit"),
        ("labels.csv", b'path,age\n"a.jpg,3\n', "must be comma-separated text"),
        ("labels.parquet", b"x", "must be a Parquet file"),
        ("labels.xlsx", b"x", "must be a .csv or .parquet file.*a file at"),
    ],
)
def test_an_invalid_table_is_rejected(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    table = tmp_path / name
    table.write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_label_table(table))


def test_a_folder_with_exactly_one_table_is_accepted(tmp_path: Path) -> None:
    table = write_csv(tmp_path, "path,age", "a.jpg,30")
    assert list(read_label_table(tmp_path)) == list(read_label_table(table))
    table.with_name("more.csv").write_bytes(table.read_bytes())
    with pytest.raises(DataError, match=r"a folder with exactly one.*labels\.csv, more\.csv"):
        list(read_label_table(tmp_path))
