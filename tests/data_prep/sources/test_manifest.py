"""The manifest: names and ages, and that every record is kept or rejected."""

import math
from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.core.tables import MANIFEST, REJECTED, read_table, write_table
from agelens.data_prep.readers.table import read_label_table
from agelens.data_prep.sources.manifest import check_labelled, combine_manifests, make_manifest
from tests.locations import SHARED_CASES


def record(name: str = "a.jpg", *, low: float = 30, high: float | None = None, subject: str | None = None) -> Record:
    return Record(Path("raw") / name, name, low, low if high is None else high, subject=subject)


def test_a_record_becomes_a_row() -> None:
    found = Record(
        Path("raw/x/a.jpg"), "x/a.jpg", 25, 32, "interval", {"gender": "female", "ethnicity": "Asian"}, "007"
    )
    table, rejected = make_manifest([found], source="adience")
    assert table.to_dict("records") == [
        {
            "image_id": "adience/x/a.jpg",
            "source": "adience",
            "path": str(Path("raw/x/a.jpg")),
            "age_low": 25.0,
            "age_high": 32.0,
            "age": 28.5,
            "age_kind": "interval",
            "age_clipped": False,
            "gender": "female",
            "ethnicity": "Asian",
            "subject": "adience:007",
        }
    ]
    assert list(rejected.columns) == REJECTED.names
    assert len(rejected) == 0


def test_unknown_labels_are_missing_values() -> None:
    table, _ = make_manifest([record()], source="s")
    assert table[["gender", "ethnicity", "subject"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0, (0, 0, 0, False)),
        (100, 100, (100, 100, 100, False)),
        (116, 116, (100, 100, 100, True)),
        (60, 100, (60, 100, 80, False)),
        (90, 110, (90, 100, 95, True)),
        (101, 120, (100, 100, 100, True)),
    ],
)
def test_high_ages_are_clipped_and_flagged(low: float, high: float, expected: tuple[float, float, float, bool]) -> None:
    table, _ = make_manifest([record(low=low, high=high)], source="s")
    assert tuple(table.loc[0, ["age_low", "age_high", "age", "age_clipped"]]) == expected


def test_the_highest_age_can_be_set() -> None:
    table, _ = make_manifest([record(low=85)], source="s", max_age=80)
    assert table["age"].tolist() == [80]


@pytest.mark.parametrize(
    ("low", "high"), [(-1, 5), (-3, -3), (30, 20), (math.nan, 30), (30, math.nan), (30, math.inf), (-math.inf, 3)]
)
def test_an_invalid_age_is_rejected(low: float, high: float) -> None:
    table, rejected = make_manifest([record(low=low, high=high)], source="s")
    assert len(table) == 0
    assert rejected.to_dict("records") == [
        {
            "image_id": "s/a.jpg",
            "source": "s",
            "path": str(Path("raw/a.jpg")),
            "reason": "bad_age",
            "detail": f"{low} to {high} years",
        }
    ]


def test_a_second_record_with_the_same_name_is_rejected() -> None:
    found: list[Record | Rejection] = [
        Rejection(Path("a.jpg"), "a.jpg", "missing"),
        record(low=30),
        record(low=40),
        record("b.jpg", low=-1),
    ]
    table, rejected = make_manifest(found, source="s")
    assert table["age"].tolist() == [30]
    assert rejected["reason"].tolist() == ["missing", "duplicate_id", "bad_age"]
    assert len(table) + len(rejected) == len(found)


def test_a_name_that_is_not_unicode_is_rejected_in_a_readable_form(tmp_path: Path) -> None:
    broken = b"caf\xe9.jpg".decode("utf-8", errors="surrogateescape")
    table, rejected = make_manifest([record(broken)], source="s")
    assert len(table) == 0
    assert rejected["reason"].tolist() == ["bad_name"]
    assert rejected["image_id"].tolist() == [r"s/caf\udce9.jpg"]
    write_table(tmp_path / "rejected.csv", rejected, REJECTED)
    assert (tmp_path / "rejected.csv").is_file()


def test_rejected_rows_are_short_lines_without_control_characters(tmp_path: Path) -> None:
    found: list[Record | Rejection] = [
        Rejection(Path("a\x1b[2J.jpg"), "a\x1b[2J.jpg", "missing", "l.csv:2: no\nsuch\x00file\x9b"),
        Rejection(Path("b.jpg"), "b.jpg", "bad_age", f"{'9' * 5000!r} years"),
        Rejection(Path("c" * 100_000), "c" * 100_000, "missing"),
    ]
    _, rejected = make_manifest(found, source="s")
    assert rejected["image_id"][0] == r"s/a\x1b[2J.jpg"
    assert rejected["path"][0] == r"a\x1b[2J.jpg"
    assert rejected["detail"][0] == r"l.csv:2: no\nsuch\x00file\x9b"
    assert rejected["detail"][1].endswith("999...")
    assert rejected[["image_id", "path", "detail"]].fillna("").map(len).to_numpy().max() == 300
    write_table(tmp_path / "rejected.csv", rejected, REJECTED)
    assert len((tmp_path / "rejected.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"ethnicity": "=HYPERLINK(A1)"}, "bad_text"),
        ({"ethnicity": "@a"}, "bad_text"),
        ({"ethnicity": "a\x1b[31m"}, "bad_text"),
        ({"ethnicity": "a\nb"}, "bad_text"),
        ({"ethnicity": "a" * 301}, "bad_text"),
        ({"subject": "a\x9b"}, "bad_text"),
        ({"subject": "\ud800"}, "bad_text"),
        ({"subject": "-1"}, None),  # stands after the name of the source
        ({"ethnicity": "South-East Asian (a = b)"}, None),
    ],
)
def test_text_of_labels_is_harmless_in_a_terminal_and_in_a_spreadsheet(labels: dict[str, str], reason: str) -> None:
    subject = labels.pop("subject", None)
    found = Record(Path("a.jpg"), "a.jpg", 30, 30, attributes=labels, subject=subject)
    table, rejected = make_manifest([found], source="s")
    assert rejected["reason"].tolist() == ([reason] if reason else [])
    assert len(table) == (reason is None)


@pytest.mark.skipif(not SHARED_CASES.is_dir(), reason=f"no cases at {SHARED_CASES}")
def test_years_of_birth_are_no_ages(tmp_path: Path) -> None:
    labels = (SHARED_CASES / "datasets/birth_years.csv").read_text(encoding="utf-8")
    (tmp_path / "labels.csv").write_text(labels, encoding="utf-8")
    (tmp_path / "img").mkdir()
    for line in labels.splitlines()[1:]:
        (tmp_path / line.partition(",")[0]).write_bytes(b"x")
    found = list(read_label_table(tmp_path))
    table, rejected = make_manifest(found, source="s")
    assert len(found) > 0
    assert table.empty
    assert set(rejected["reason"]) == {"impossible_age"}


def test_both_tables_are_read_as_they_were_written(tmp_path: Path) -> None:
    found: list[Record | Rejection] = [
        record('odd, "name".jpg', subject="None"),
        record("NA"),
        Rejection(Path("x"), "x", "bad_name", "why"),
    ]
    for table, schema in zip(make_manifest(found, source="s"), (MANIFEST, REJECTED), strict=True):
        write_table(tmp_path / "table.csv", table, schema)
        pd.testing.assert_frame_equal(read_table(tmp_path / "table.csv", schema), table)


def test_combined_tables_are_sorted_and_complete() -> None:
    first, first_rejected = make_manifest([record("b.jpg"), record("a.jpg"), record("B.jpg")], source="utkface")
    second, second_rejected = make_manifest([record("z.jpg", low=-1), record("y.jpg")], source="b3fd")
    table = combine_manifests([first, second])
    assert table["image_id"].tolist() == ["b3fd/y.jpg", "utkface/B.jpg", "utkface/a.jpg", "utkface/b.jpg"]
    assert table.index.tolist() == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(combine_manifests([second, first]), table)
    rejected = combine_manifests([first_rejected, second_rejected], schema=REJECTED)
    assert rejected["image_id"].tolist() == ["b3fd/z.jpg"]


def test_no_sources_give_empty_tables_of_the_right_types() -> None:
    kept, rejected = make_manifest([], source="s")
    pd.testing.assert_frame_equal(combine_manifests([]), kept)
    pd.testing.assert_frame_equal(combine_manifests([], schema=REJECTED), rejected)
    assert str(kept["age_clipped"].dtype) == "bool"


def test_sources_with_the_same_image_ids_are_rejected() -> None:
    table, _ = make_manifest([record()], source="s")
    with pytest.raises(DataError, match=r"'s/a\.jpg' occurs twice"):
        combine_manifests([table, table])


@pytest.mark.parametrize("age", [123, 999, 1985])
def test_an_age_that_nobody_reached_is_rejected(age: float) -> None:
    table, rejected = make_manifest([record(low=age)], source="s")
    assert table.empty
    assert rejected["reason"].tolist() == ["impossible_age"]
    assert f"{age} years" in rejected["detail"].iloc[0]


def test_links_into_a_listed_folder_are_read(tmp_path: Path) -> None:
    root, cache, other = (tmp_path / name for name in ("root", "cache", "other"))
    for folder in (root, cache, other):
        folder.mkdir()
    for folder in (cache, other):
        (folder / "photo").write_bytes(b"x")
        (root / f"{folder.name}.jpg").symlink_to(folder / "photo")
    found = [Record(root / name, name, 30, 30) for name in ("cache.jpg", "other.jpg")]
    table, rejected = make_manifest(found, source="s", root=root, links_into=[cache])
    assert table["image_id"].tolist() == ["s/cache.jpg"]
    assert rejected["reason"].tolist() == ["outside"]
    assert "list its folder in links_into" in rejected["detail"].iloc[0]


def test_a_source_without_a_labelled_photograph_is_an_error_that_counts_reasons() -> None:
    found = [record("a.jpg", low=999), record("b.jpg", low=999), record("c\n.jpg")]
    table, rejected = make_manifest(found, source="mine")
    with pytest.raises(
        DataError, match=r"mine must have at least one .* impossible_age 2, bad_name 1\. For example raw/a"
    ):
        check_labelled("mine", table, rejected)
    with pytest.raises(DataError, match="no image was found"):
        check_labelled("mine", table, rejected.iloc[:0])
    check_labelled("mine", make_manifest([record()], source="mine")[0], rejected)
