"""Tables follow their schemas, and are read as they were written."""

import math

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import (
    FACES,
    GROUPED,
    LANDMARKS,
    MANIFEST,
    POINT_COLUMNS,
    PREDICTIONS,
    REJECTED,
    SPLIT,
    TRAIN,
    Column,
    Schema,
    check_table,
    make_table,
    read_figures,
    read_table,
    write_table,
)
from tests.factories import faces_table, grouped_table, split_rows

ALL_SCHEMAS = [REJECTED, MANIFEST, FACES, LANDMARKS, GROUPED, SPLIT, TRAIN, PREDICTIONS]

SMALL = Schema(
    "small",
    (
        Column("image_id", "text", "which"),
        Column("age", "float", "years"),
        Column("faces", "int", "how many"),
        Column("clipped", "bool", "whether"),
        Column("subject", "text", "who", optional=True),
    ),
)


def small_table(*subjects: str | None) -> pd.DataFrame:
    rows: list[dict[str, object]] = [
        {"image_id": f"s/{index}", "age": index + 0.5, "faces": 1, "clipped": index == 0, "subject": subject}
        for index, subject in enumerate(subjects)
    ]
    return make_table(rows, SMALL)


@pytest.mark.parametrize("schema", ALL_SCHEMAS, ids=lambda schema: schema.name)
def test_column_names_are_unique_and_documented(schema):
    assert len(set(schema.names)) == len(schema.names)
    assert all(column.meaning for column in schema.columns)


@pytest.mark.parametrize(
    ("schema", "optional"),
    [
        (REJECTED, ["detail"]),
        (MANIFEST, ["gender", "ethnicity", "subject"]),
        (TRAIN, ["gender", "ethnicity", "subject", "score", *POINT_COLUMNS, "points_error"]),
        (PREDICTIONS, ["gender", "ethnicity", "predicted_gender", "predicted_ethnicity"]),
    ],
    ids=lambda value: value.name if isinstance(value, Schema) else "",
)
def test_only_these_columns_may_have_missing_values(schema, optional):
    assert [column.name for column in schema.columns if column.optional] == optional


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(MANIFEST, FACES), (FACES, LANDMARKS), (LANDMARKS, GROUPED), (GROUPED, SPLIT), (SPLIT, TRAIN)],
)
def test_schemas_only_add_columns(earlier, later):
    assert later.columns[: len(earlier.columns)] == earlier.columns
    assert len(later.columns) > len(earlier.columns)


@pytest.mark.parametrize("schema", ALL_SCHEMAS, ids=lambda schema: schema.name)
def test_an_empty_table_can_be_written_and_read(tmp_path, schema):
    write_table(tmp_path / "empty.csv", make_table([], schema), schema)
    table = read_table(tmp_path / "empty.csv", schema)
    assert table.empty
    assert list(table.columns) == schema.names


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        (faces_table(3, ages=[1, (25, 32)], subjects=["made:1", None]), FACES),
        (grouped_table(3), GROUPED),
        (split_rows(3, ages=[(8, 20), 99.5]), SPLIT),
    ],
    ids=["faces", "grouped", "split"],
)
def test_a_table_is_read_as_it_was_written(tmp_path, table, schema):
    write_table(tmp_path / "folder" / "table.csv", table, schema)
    pd.testing.assert_frame_equal(read_table(tmp_path / "folder" / "table.csv", schema), table)


@pytest.mark.parametrize("subject", ["None", "NA", "nan", "null", "007", "True", 'a "b", c', "Zoë"])
def test_text_that_looks_like_another_type_stays_text(tmp_path, subject):
    write_table(tmp_path / "table.csv", small_table(subject, None), SMALL)
    read = read_table(tmp_path / "table.csv", SMALL)
    assert read.loc[0, "subject"] == subject
    assert pd.isna(read.loc[1, "subject"])


def test_columns_have_the_types_of_the_schema():
    kinds = {name: str(dtype) for name, dtype in small_table("x").dtypes.items()}
    assert kinds == {"image_id": "str", "age": "float64", "faces": "int64", "clipped": "bool", "subject": "str"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="age"), "must have the columns"),
        (lambda table: table.assign(extra=1), "must have the columns"),
        (lambda table: table[table.columns[::-1]], "must have the columns"),
        (lambda table: table.assign(age=[1.0, None]), "Column age of a small table must be filled; .* in row 1"),
        (lambda table: table.assign(image_id="s/0"), "image_id of a small table must be unique; 's/0' occurs twice"),
    ],
    ids=["missing column", "additional column", "other order", "missing value", "duplicate image"],
)
def test_a_table_that_does_not_follow_its_schema_is_rejected(tmp_path, change, message):
    table = change(small_table("x", None))
    with pytest.raises(DataError, match=message):
        check_table(table, SMALL)
    with pytest.raises(DataError, match=message):
        write_table(tmp_path / "table.csv", table, SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "age_low",
            -5.0,
            "Column age_low of a train table must hold finite numbers of at least 0 and at most 100; row 1",
        ),
        ("age_high", 1985.0, "Column age_high of a train table must hold finite numbers of at least 0 and at most 100"),
        ("age", math.inf, "Column age of a train table must hold finite numbers"),
        ("age_low", 31.0, "age_low of a train table must not exceed age_high; row 1 holds 31 and 30"),
        ("x1", 111.0, "x1 of a train table must not exceed x2; row 1 holds 111 and 110"),
        ("sharpness", math.inf, "must hold finite numbers of at least 0; row 1 holds 'inf'"),
        ("copies", 0, "must hold finite numbers of at least 1; row 1 holds '0'"),
        ("weight", -0.5, "must hold finite numbers of at least 0"),
        ("crop", "../../etc/passwd", "must hold paths that stay in their folder; row 1 holds '../../etc/passwd'"),
        ("crop", "/etc/passwd", "paths that stay in their folder"),
        ("crop", "made/..", "paths that stay in their folder"),
        ("crop", "C:\\a.jpg", "paths that stay in their folder"),
    ],
)
def test_a_value_that_no_stage_writes_is_rejected(tmp_path, column, value, message):
    table = split_rows(2).assign(copies=1, weight=1.0)
    write_table(tmp_path / "train.csv", table, TRAIN)
    assert read_table(tmp_path / "train.csv", TRAIN).equals(table)
    table.loc[1, column] = value
    table.to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(DataError, match=r"train\.csv is damaged .* run the stage") as caught:
        read_table(tmp_path / "train.csv", TRAIN)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["made/..a.jpg", "made/a..jpg", "made/a.jpg..", "a/b:c.jpg"])
def test_names_with_dots_stay_in_their_folder(name):
    check_table(faces_table(1).assign(crop=name), FACES)


def test_an_image_can_be_rejected_for_two_reasons():
    row: dict[str, object] = {"image_id": "s/1", "source": "s", "path": "p", "reason": "r"}
    check_table(make_table([row, row], REJECTED), REJECTED)


def test_the_error_for_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"There is no small table at .*; run the stage"):
        read_table(tmp_path / "table.csv", SMALL)


def test_a_file_of_another_schema_is_rejected(tmp_path):
    (tmp_path / "table.csv").write_text("image_id,years\ns/1,3\n")
    with pytest.raises(DataError, match="must have the columns"):
        read_table(tmp_path / "table.csv", SMALL)


HEADER = b"image_id,age,faces,clipped,subject\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEADER + b"s/1,3.5",
        HEADER + b"s/1,3.5,1,False,a\ns/2,3.5,1,False,a,b,c\n",
        HEADER + b"s/1,old,1,False,a\n",
        b"\xff\xd8\xff\xe0\x00\x10",
        (HEADER + b"s/1,3.5,1,False,a\n").decode().encode("utf-16"),
        HEADER + b"s/1,3.5,1,False,\xe9\n",
        HEADER + b"s/1," + b"x" * 100_000 + b",1,False,a\n",
        HEADER + b"s/1,3.5," + b"9" * 5000 + b",False,a\n",
    ],
    ids=[
        *("empty", "cut", "too many fields", "other type", "an image"),
        *("utf-16", "latin-1", "100,000 letters", "5,000 digits"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, content):
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(
        DataError, match=r"table\.csv is damaged \(.*\)\. Remove it, and run the stage that writes it"
    ) as caught:
        read_table(tmp_path / "table.csv", SMALL)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("content", ["", "name,mae\na,4.x5\n", "nam,mae\na,4.5\n", "name,mad\na,4.5\n", "a\nb,c,d\n"])
def test_damaged_figures_are_an_error_with_their_name(tmp_path, content):
    path = tmp_path / "figures.csv"
    path.write_text("name,mae\na,4.5\n")
    assert read_figures(path, columns=("name",), numbers=("mae",))["mae"].tolist() == [4.5]
    assert read_figures(path, texts=("name", "other"))["mae"].tolist() == [4.5]
    path.write_text(content)
    for options in ({"columns": ("name",), "numbers": ("mae",)}, {"texts": ("name",), "numbers": ("mae",)}):
        with pytest.raises(DataError, match=r"figures\.csv is damaged \(.*\)\. Remove it"):
            read_figures(path, **options)
