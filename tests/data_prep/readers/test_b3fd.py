"""B3FD: label files with malformed dates or without a header, and two folder layouts."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.b3fd import Subset, read_b3fd

ROWS = (
    "mariajookoehler/22656187_1992-10-08_2015.jpg 23 F",
    "x/32339345_1994-11-18._2015.jpg 21 M",
    "old/706798_1950-08-019_1979.jpg 29 M",
)


def make_tree(
    root: Path,
    *rows: str,
    name: str = "B3FD-WIKI_age_gender.csv",
    images: str = "B3FD",
    labels: str = "B3FD_metadata",
    header: str = "path age gender\n",
    absent: tuple[str, ...] = (),
) -> Path:
    (root / labels).mkdir(parents=True)
    (root / labels / name).write_text(header + "".join(f"{row}\n" for row in rows))
    for row in rows:
        path = root / images / row.split()[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        if row not in absent and "/" in row:
            path.write_bytes(b"x")
    return root


def test_a_line_gives_its_labels(tmp_path: Path) -> None:
    first, odd, _ = read_b3fd(make_tree(tmp_path, *ROWS))
    relative = "mariajookoehler/22656187_1992-10-08_2015.jpg"
    assert first == Record(
        tmp_path / "B3FD" / relative, relative, 23, 23, "year_difference", {"gender": "female"}, "mariajookoehler"
    )
    assert isinstance(odd, Record)
    assert (odd.age_low, odd.attributes, odd.subject) == (21, {"gender": "male"}, "x")


@pytest.mark.parametrize("header", ["path age gender\n", "\ufeffpath age gender\n", ""])
def test_the_header_is_optional(tmp_path: Path, header: str) -> None:
    found = list(read_b3fd(make_tree(tmp_path, *ROWS, header=header)))
    assert [type(item) for item in found] == [Record] * 3


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("B3FD", "B3FD_metadata"),
        ("B3FD", "metadata"),
        ("b3fd/B3FD", "metadata"),
        ("b3fd/B3FD", "b3fd/B3FD_metadata"),
        ("B3FD/B3FD", "B3FD_metadata/B3FD_metadata"),
        ("b3fd", "metadata"),
    ],
)
def test_image_names_do_not_depend_on_the_layout(tmp_path: Path, images: str, labels: str) -> None:
    found = list(read_b3fd(make_tree(tmp_path, *ROWS, images=images, labels=labels)))
    assert [item.relative for item in found] == [row.split()[0] for row in ROWS]
    assert all(item.path.is_file() for item in found)


@pytest.mark.parametrize(
    ("subset", "name", "row"),
    [
        ("all", "B3FD_age.csv", "ann/14_Ann_0005.jpg 14"),
        ("iws", "B3FD-IWS_age.csv", "fred/nm0929609_rm3469383936_1939-9-18_2001.jpg 62"),
        ("cs", "B3FD-CS_age.csv", "ann/14_Ann_0005.jpg 14"),
        ("imdb", "B3FD-IMDB_age_gender.csv", "fred/nm0929609_rm3469383936_1939-9-18_2001.jpg 62 M"),
        ("wiki", "B3FD-WIKI_age_gender.csv", "x/34789260_1980-05-00_2011.jpg 31 M"),
    ],
)
def test_each_subset_has_its_label_file(tmp_path: Path, subset: Subset, name: str, row: str) -> None:
    (record,) = read_b3fd(make_tree(tmp_path, row, name=name, header="path age\n"), subset=subset)
    assert isinstance(record, Record)
    assert record.age_low == record.age_high == int(row.split()[1])


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ("old/706798_1950-08-019_1979.jpg 29 M", ["old_photo"]),
        ("x/32339345_1964-11-18._1979.jpg 15 M", ["old_photo"]),
        ("fred/nm09_rm34_1939-9-18_1979.jpg 40 M", ["old_photo"]),
        ("new/706798_1950-08-019_1980.jpg 30 M", []),
        # Names from CACD end with a number that is not a year.
        ("ann/14_Ann_0005.jpg 14", []),
        ("ann/14_Ann_1234.jpg 14", []),
    ],
)
def test_photographs_before_the_minimum_year_are_rejected(tmp_path: Path, row: str, reasons: list[str]) -> None:
    make_tree(tmp_path, row)
    found = list(read_b3fd(tmp_path, min_photo_year=1980))
    assert [item.reason for item in found if isinstance(item, Rejection)] == reasons
    assert [type(item) for item in read_b3fd(tmp_path)] == [Record]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x/32339345_1994-11-18", "bad_line"),
        ("32339345_1994-11-18._2015.jpg 21 M", "bad_line"),
        ("x/a.jpg 21 M more", "bad_line"),
        ("x/a.jpg nan M", "bad_age"),
        ("x/a.jpg 21.5 M", "bad_age"),
    ],
)
def test_a_malformed_line_is_rejected_with_its_number(tmp_path: Path, row: str, reason: str) -> None:
    found = list(read_b3fd(make_tree(tmp_path, ROWS[0], row)))
    assert [type(item) for item in found] == [Record, Rejection]
    rejection = found[1]
    assert isinstance(rejection, Rejection)
    assert rejection.reason == reason
    assert "B3FD-WIKI_age_gender.csv:3" in f"{rejection.relative} {rejection.detail}"


def test_a_line_without_its_file_is_rejected(tmp_path: Path) -> None:
    found = list(read_b3fd(make_tree(tmp_path, *ROWS, absent=(ROWS[1],))))
    assert [getattr(item, "reason", None) for item in found] == [None, "missing", None]


def test_an_unknown_subset_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"all, iws, cs, imdb, wiki.*'cc'"):
        list(read_b3fd(make_tree(tmp_path, *ROWS), subset="cc"))  # type: ignore[arg-type]


def test_a_subset_without_its_label_file_is_rejected(tmp_path: Path) -> None:
    make_tree(tmp_path, *ROWS)
    with pytest.raises(DataError, match=r"B3FD-CS_age\.csv\. Found .*B3FD, B3FD_metadata.*kbesenic/B3FD"):
        list(read_b3fd(tmp_path, subset="cs"))
