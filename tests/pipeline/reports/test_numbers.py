"""Numbers are shown with their exact value and their origin."""

import pandas as pd
import pytest

from agelens.pipeline.reports.numbers import Record, format_number, plain_table, records

DASH = "\u2013"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (7.514, "years", "7.51"),
        (7.56, "years1", "7.6"),
        (-0.004, "signed", "0.00"),
        (0.5, "signed", "+0.50"),
        (0.4567, "share", "45.7 %"),
        (-0.0312, "points", "-3.1 points"),
        (18960, "count", "18,960"),
        (0.000123456, "number", "0.000123"),
    ],
)
def test_numbers_are_formatted(value, kind, text):
    assert format_number(value, kind) == text


def test_a_record_names_the_origin_of_a_value():
    (row,) = records(pd.DataFrame({"mae": [4.25], "mae_low": [4.0], "mae_high": [4.5]}, index=[3]), file="slices.csv")
    assert row.show("mae", "years") == '<data value="4.25" data-from="slices.csv:3:mae">4.25</data>'
    assert row.interval("mae", "years").striptags() == "4.00 to 4.50"


def test_an_interval_of_shares_has_its_unit_once():
    assert Record({"a_low": 0.1, "a_high": 0.2}, file="f").interval("a", "share").striptags() == "10.0 to 20.0 %"


def test_missing_values_are_dashes_and_texts_are_escaped():
    row = Record({"a": None, "b": float("nan"), "c": "<b>"}, file="overall.json")
    assert [row.show(key, "years") for key in ("a", "b", "z")] == [DASH] * 3
    assert row.show("c", "text") == "&lt;b&gt;"
    assert row.interval("a", "years") == ""
    assert not row.has("b")


def test_a_plain_table_shows_each_column_as_its_kind():
    table = pd.DataFrame({"name": ["x", "y"], "share": [0.5, None]})
    assert plain_table(table, ("text", "share")) == [["x", "50.0 %"], ["y", DASH]]
