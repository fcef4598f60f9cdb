"""Labels and tables: any text is an age or none, any row is kept or rejected with a reason, tables survive the disk."""

import contextlib
import csv
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agelens.data_prep.core.labels import MAX_AGE, NO_AGE_GROUP
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.core.tables import GROUPED, read_table, write_table
from agelens.data_prep.readers.age_text import parse_age
from agelens.data_prep.readers.table import read_label_table
from agelens.data_prep.readers.utkface import read_utkface
from tests.factories import FIVE_GROUPS
from tests.properties.tables import grouped_rows, labels

printable = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/")
visible = st.text(printable, min_size=1, max_size=30).filter(lambda name: name[0] != ".")
cell = st.one_of(st.text(printable, max_size=12), st.integers(-10, 2000).map(str), st.floats().map(str))


@given(text=st.one_of(cell, st.from_regex(r"[\[(]?\d{1,3}( ?- ?|, | to )\d{1,3}[\])]?", fullmatch=True)))
def test_any_text_is_an_age_range_or_none(text):
    found = parse_age(text)
    assert found is None or (len(found) == 2 and all(isinstance(age, float) for age in found))


@given(rows=st.lists(st.tuples(cell, cell, cell).filter(lambda row: any(map(str.strip, row))), max_size=8))
def test_every_line_of_a_table_is_a_record_or_has_a_reason(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("table")
    with (root / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "age", "gender"])
        writer.writerows(rows)
    (root / "photo.jpg").write_bytes(b"")
    found = list(read_label_table(root))
    assert len(found) == len(rows)
    for each in found:
        if isinstance(each, Rejection):
            assert each.reason
        else:
            assert math.isfinite(each.age_low)
            assert math.isfinite(each.age_high)


@given(
    names=st.lists(
        st.text(printable, min_size=1, max_size=30).filter(lambda name: name[0] != "."), unique=True, max_size=6
    )
)
def test_every_file_of_utkface_is_a_record_or_has_a_reason(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("utkface")
    (root / "26_0_0_20170116184024662.jpg").write_bytes(b"")  # without such a name the folder is another data set
    for name in names:
        with contextlib.suppress(OSError, ValueError):  # no name of this file system
            (root / f"{name}.jpg").write_bytes(b"")
    found = list(read_utkface(root))
    assert len(found) == len([path for path in root.iterdir() if not path.name.startswith(".")])
    for each in found:
        assert isinstance(each, Record) or each.reason


@given(table=grouped_rows())
def test_a_table_is_read_as_it_was_written(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("tables") / "grouped.csv"
    write_table(path, table, GROUPED)
    pd.testing.assert_frame_equal(read_table(path, GROUPED), table, check_dtype=False)
    before = path.read_bytes()
    write_table(path, read_table(path, GROUPED), GROUPED)
    assert path.read_bytes() == before


@given(label=labels)
def test_an_age_has_one_group_and_an_interval_one_or_none(label):
    low, high = label if isinstance(label, tuple) else (label, label)
    (group,) = FIVE_GROUPS.of_intervals([low], [high])
    (of_low,), (of_high,) = FIVE_GROUPS.of_ages([low]), FIVE_GROUPS.of_ages([high])
    assert of_low <= group <= of_high or (group == NO_AGE_GROUP and of_low < of_high)


@pytest.mark.parametrize("age", range(MAX_AGE + 1))
def test_groups_follow_the_order_of_ages(age):
    assert FIVE_GROUPS.of_ages([age])[0] <= FIVE_GROUPS.of_ages([age + 1])[0]
