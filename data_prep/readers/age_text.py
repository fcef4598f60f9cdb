"""The age in a field of a table of labels: a number, or a range in one of the spellings that data sets use."""

import re

from agelens.data_prep.core.labels import MAX_AGE

MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}

NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
RANGE = re.compile(rf"[\[(]?\s*{NUMBER}\s*(?:-|\u2013|,|to)\s*{NUMBER}\s*[\])]?", re.IGNORECASE)
OPEN_RANGE = re.compile(rf"(?:(?:more than|over|>=?)\s*{NUMBER}|{NUMBER}\s*\+)", re.IGNORECASE)
DAY_AND_MONTH = re.compile(r"([0-9]{1,2})-([a-z]{3})", re.IGNORECASE)
MONTH_AND_YEAR = re.compile(r"([a-z]{3})-([0-9]{1,2})", re.IGNORECASE)


def parse_age(text: str) -> tuple[float, float] | None:
    """Return the lowest and the highest age that a text means, in years; None if it is none of the known forms.

    Known are a number (`31`), a range (`20-29`, `(25, 32)`, `20 to 29`), and a range without an end (`70+`,
    `more than 70`), which ends at `MAX_AGE`. Spreadsheet programs turn ranges into dates when they save a table:
    `03-Sep` was `3-9` and `Oct-19` was `10-19`, as in copies of FairFace's labels.
    """
    try:
        age = float(text)
    except ValueError:
        return _parse_range(text.strip())
    return age, age


def _parse_range(text: str) -> tuple[float, float] | None:
    if found := RANGE.fullmatch(text):
        return float(found[1]), float(found[2])
    if found := OPEN_RANGE.fullmatch(text):
        low = float(found[1] or found[2])
        return low, max(low, float(MAX_AGE))
    if (found := DAY_AND_MONTH.fullmatch(text)) and found[2].lower() in MONTHS:
        return float(found[1]), float(MONTHS[found[2].lower()])
    if (found := MONTH_AND_YEAR.fullmatch(text)) and found[1].lower() in MONTHS:
        return float(MONTHS[found[1].lower()]), float(found[2])
    return None
