"""The table of `--csv` is written photograph by photograph, keeps what it replaces in place, and can be continued."""

import csv
import os
from pathlib import Path

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.prediction.csv_output import HEADER, OLDEST_HEADER, CsvOutput
from agelens.pipeline.prediction.targets import open_table
from tests.pipeline.prediction.results import result


def opened(name="faces.csv", **options):
    return CsvOutput(open_table(Path(name), header=OLDEST_HEADER, inputs=[]), **options)


def paths(name="faces.csv"):
    with Path(name).open(encoding="utf-8", newline="") as file:
        return [row["path"] for row in csv.DictReader(file)]


def test_rows_are_on_disk_after_each_photograph(folder):
    table = opened()
    assert Path("faces.csv").read_text() == ""
    table.write(result(faces=2), name="a.jpg")
    first = Path("faces.csv").read_text()
    assert first == (
        f"{HEADER}\n"
        "a.jpg,1,1.0,2.0,101.0,102.0,0.9,30.0,22.0,38.0,26-42,,,\n"
        "a.jpg,2,1.0,2.0,101.0,102.0,0.9,31.0,23.0,39.0,26-42,,,\n"
    )
    table.write(result(faces=0, error="no_face: no face was found"), name="b.jpg")
    assert Path("faces.csv").read_text() == f"{first}b.jpg,,,,,,,,,,,,,no_face: no face was found\n"
    table.close()
    assert (table.faces, table.files, table.error) == (2, 2, "")


def test_an_earlier_table_stays_until_the_first_row_and_keeps_its_mode(folder):
    Path("faces.csv").write_text(f"{HEADER}\n" + "old.jpg" + "," * 13 + "\n")
    Path("faces.csv").chmod(0o600)
    table = opened()
    assert paths() == ["old.jpg"]
    table.write(result(), name="new.jpg")
    table.close()
    assert paths() == ["new.jpg"]
    assert Path("faces.csv").stat().st_mode & 0o777 == 0o600


def test_a_created_file_without_rows_is_removed(folder):
    opened().close()
    assert list(folder.iterdir()) == []


def test_names_are_harmless_in_a_spreadsheet_and_in_one_line(folder):
    table = opened()
    for name in ("=cmd|'/c calc'!A1.jpg", "-1.jpg", "a\nb\x1b.jpg", 'c,"d".jpg'):
        table.write(result(), name=name)
    table.close()
    assert paths() == ["'=cmd|'/c calc'!A1.jpg", "'-1.jpg", r"a\nb\x1b.jpg", 'c,"d".jpg']
    assert Path("faces.csv").read_text().count("\n") == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_remembered_and_does_not_raise(folder):
    table = opened("/dev/full")
    table.write(result(), name="a.jpg")
    table.write(result(), name="b.jpg")
    table.close()
    assert (table.error, table.files) == ("No space left on device", 0)


def test_a_failed_write_leaves_no_part_of_a_row(folder, monkeypatch):
    table = opened()
    table.write(result("a.jpg"), name="a.jpg")
    whole, write = Path("faces.csv").read_bytes(), os.write

    def fill_up(descriptor, content):
        if len(content) < 20:
            raise OSError(28, "No space left on device")
        return write(descriptor, content[:10])

    monkeypatch.setattr("os.write", fill_up)
    table.write(result("b.jpg"), name="b.jpg")
    table.close()
    assert Path("faces.csv").read_bytes() == whole
    assert (table.error, table.files) == ("No space left on device", 1)


def test_a_pipe_without_a_reader_is_remembered(folder):
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    table = opened("pipe")
    os.close(reader)
    table.write(result(), name="a.jpg")
    table.close()
    assert table.error == "Broken pipe"


ROWS = f"{HEADER}\n" + "".join(f"{name},{face}" + "," * 12 + "\n" for name, face in [("a", 1), ("'=b", 1), ("'=b", 2)])


@pytest.mark.parametrize(
    ("stored", "finished", "kept"),
    [
        (ROWS, {"a"}, ["a"]),  # of the last photograph, rows may be missing
        (ROWS + "c,1" + "," * 12 + "\n", {"a", "=b"}, ["a", "'=b", "'=b"]),
        (ROWS + "c,1,3", {"a"}, ["a"]),  # half a row is dropped too
        (HEADER + "\n", set(), []),
        ("", set(), []),
        (ROWS.replace("\n", "\r\n"), {"a"}, ["a"]),
        ("\ufeff" + ROWS, {"a"}, ["a"]),
    ],
)
def test_resume_keeps_complete_photographs_and_appends(folder, stored, finished, kept):
    Path("faces.csv").write_bytes(stored.encode())
    table = opened(resume=True)
    assert table.finished == finished
    assert Path("faces.csv").read_bytes() == stored.encode()  # until there is a row
    table.write(result(), name="next.jpg")
    table.close()
    text = Path("faces.csv").read_text(encoding="utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["path", *kept, "next.jpg"]


def test_resume_without_a_table_starts_one(folder):
    table = opened(resume=True)
    table.write(result(), name="a.jpg")
    table.close()
    assert paths() == ["a.jpg"]


@pytest.mark.parametrize("header", [f"{OLDEST_HEADER},something", f"{HEADER},more"])
def test_resume_refuses_other_columns(folder, header):
    Path("faces.csv").write_text(f"{header}\n")
    with pytest.raises(ParamsError, match="continues a table with the columns"):
        opened(resume=True)


def test_resume_refuses_a_device(folder):
    with pytest.raises(ParamsError, match="needs --csv with a file"):
        opened("/dev/null", resume=True)
