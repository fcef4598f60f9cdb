"""The synthetic data set: its label file, and what is rejected."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.synthetic import read_synthetic
from agelens.data_prep.synthetic.collection import write_synthetic

HEADER = "path,age,gender,subject\n"


def _write(root: Path, *lines: str) -> None:
    (root / "images").mkdir(parents=True)
    (root / "images/a.jpg").write_bytes(b"x")
    (root / "labels.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))


def test_a_line_gives_a_record_with_an_exact_age(tmp_path: Path):
    _write(tmp_path, "images/a.jpg,31,female,p1")
    expected = Record(
        tmp_path / "images/a.jpg", "images/a.jpg", 31.0, 31.0, "exact", attributes={"gender": "female"}, subject="p1"
    )
    assert list(read_synthetic(tmp_path)) == [expected]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("images/gone.jpg,31,female,p1", "missing"),
        ("images/a.jpg,,female,p1", "bad_age"),
        ("images/a.jpg,-3,female,p1", "bad_age"),
        ("images/a.jpg,old,female,p1", "bad_age"),
        ("images/a.jpg,31,unknown,p1", "bad_gender"),
    ],
)
def test_an_invalid_line_is_rejected_with_its_reason(tmp_path: Path, line: str, reason: str):
    _write(tmp_path, line)
    (rejection,) = read_synthetic(tmp_path)
    assert isinstance(rejection, Rejection)
    assert (rejection.relative, rejection.reason) == (line.split(",", maxsplit=1)[0], reason)


def test_a_written_data_set_is_read_without_rejections(tmp_path: Path):
    write_synthetic(tmp_path / "set", count=10, seed=0, size=32)
    records = list(read_synthetic(tmp_path / "set"))
    assert len(records) == 10 + 4 + 4
    assert all(isinstance(record, Record) and record.path.is_file() for record in records)


def test_the_error_for_a_missing_data_set_names_the_command(tmp_path: Path):
    with pytest.raises(DataError, match="agelens data synthetic"):
        list(read_synthetic(tmp_path / "nothing"))


def test_other_columns_are_rejected(tmp_path: Path):
    (tmp_path / "labels.csv").write_text("file,age\n")
    with pytest.raises(DataError, match="columns"):
        list(read_synthetic(tmp_path))
