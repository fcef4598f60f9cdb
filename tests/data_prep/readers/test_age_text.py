"""Ages and ranges as data sets and spreadsheet programs write them."""

import pytest

from agelens.data_prep.readers.age_text import parse_age


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("31", 31, 31),
        ("24.5", 24.5, 24.5),
        ("1985", 1985, 1985),  # a number; the manifest rejects it
        ("20-29", 20, 29),
        ("20 - 29", 20, 29),
        ("20\u201329", 20, 29),
        ("20 to 29", 20, 29),
        ("(25, 32)", 25, 32),
        ("[0,2]", 0, 2),
        ("more than 70", 70, 100),
        ("More than 70", 70, 100),
        ("70+", 70, 100),
        (">= 70", 70, 100),
        ("110+", 110, 110),
        ("03-Sep", 3, 9),
        ("Oct-19", 10, 19),
        ("08-Dec", 8, 12),
    ],
)
def test_known_forms(text: str, low: float, high: float) -> None:
    assert parse_age(text) == (low, high)


@pytest.mark.parametrize(
    "text", ["", "thirty", "20-", "20-29-30", "03-Xyz", "Xyz-03", "2019-10-01", "(25", "up to 20", "2_0-29"]
)
def test_other_text_is_no_age(text: str) -> None:
    assert parse_age(text) is None
