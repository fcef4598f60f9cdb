"""The manifest: one table of the labelled photographs of all sources, and one of the rejected ones."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE, OLDEST_AGE
from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.core.schema import Schema
from agelens.data_prep.core.tables import MANIFEST, REJECTED, check_table, make_table

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Control characters: malicious in a file name, and they break lines in logs, lists and captions."""

FORMULA = ("=", "+", "-", "@")
"""How a formula begins, which a spreadsheet computes when it opens a table."""

MAX_SHOWN = 300
"""Characters of each text about a rejected row."""


def make_manifest(
    found: Iterable[Record | Rejection],
    *,
    source: str,
    max_age: int = MAX_AGE,
    root: Path | None = None,
    links_into: Iterable[Path] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the manifest of one source and the table of its rejected files; together they contain all of `found`.

    Args:
        found: What a reader yields.
        source: Name of the source in params.yaml, the first part of image ids and subjects.
        max_age: Years; higher ages are clipped to it and flagged.
        root: Folder that must contain the source's files after links are resolved; it may be a link itself. None
            allows files anywhere, for tables in which the user lists each file.
        links_into: Further folders that files of the source may be links into, such as the cache of DVC.
    """
    kept: list[dict[str, object]] = []
    rejected: list[dict[str, object]] = []
    seen: set[str] = set()
    homes = None if root is None else [Path(os.path.realpath(folder)) for folder in (root, *links_into)]
    for item in found:
        rejection = item if isinstance(item, Rejection) else _find_problem(item, seen=seen, homes=homes)
        if rejection is not None:
            rejected.append(_rejected_row(rejection, source=source))
        elif isinstance(item, Record):
            seen.add(item.relative)
            kept.append(_manifest_row(item, source=source, max_age=max_age))
    return make_table(kept, MANIFEST), make_table(rejected, REJECTED)


def combine_manifests(tables: Iterable[pd.DataFrame], *, schema: Schema = MANIFEST) -> pd.DataFrame:
    """Return the tables of several sources as one, sorted by `image_id`; `schema` may be `REJECTED` too.

    Raises:
        DataError: A table does not follow the schema, or two sources share an `image_id`.
    """
    table = pd.concat([make_table([], schema), *tables], ignore_index=True)
    check_table(table, schema)
    return table.sort_values("image_id", kind="stable", ignore_index=True)


def count_reasons(rejected: pd.DataFrame) -> str:
    """Return how often each reason occurs in a table of rejected rows as text, the most frequent first."""
    return ", ".join(f"{reason} {count:,}" for reason, count in rejected["reason"].value_counts().items())


def check_labelled(source: str, table: pd.DataFrame, rejected: pd.DataFrame) -> None:
    """Check that a source has a labelled photograph.

    Raises:
        DataError: It has none; the message counts the reasons.
    """
    if table.empty:
        reasons = count_reasons(rejected) or "no image was found"
        example = f" For example {rejected['path'].iloc[0]}: {rejected['detail'].iloc[0]}." if len(rejected) else ""
        msg = f"The source {source} must have at least one labelled photograph. Rejected: {reasons}.{example}"
        raise DataError(msg)


def _find_problem(record: Record, *, seen: set[str], homes: list[Path] | None) -> Rejection | None:
    """Return a rejection if a record cannot be used, or else None."""
    if not _is_unicode(record.relative):
        return Rejection(record.path, record.relative, "bad_name", "the name is not Unicode; rename the file")
    if CONTROL.search(record.relative):
        detail = f"the name contains a line break or another control character: {record.relative!r}; rename the file"
        return Rejection(record.path, record.relative, "bad_name", detail)
    real = Path(os.path.realpath(record.path))
    if homes is not None and not any(home in real.parents for home in homes):
        detail = f"is a link to {real}, outside of the source's folder; to allow that, list its folder in links_into"
        return Rejection(record.path, record.relative, "outside", detail)
    if problem := _find_age_problem(record) or _find_text_problem(record):
        return problem
    if record.relative in seen:
        return Rejection(record.path, record.relative, "duplicate_id", "an earlier record has the same name")
    return None


def _find_age_problem(record: Record) -> Rejection | None:
    if not 0 <= record.age_low <= record.age_high < float("inf"):
        detail = f"{record.age_low} to {record.age_high} years"
        return Rejection(record.path, record.relative, "bad_age", detail)
    if record.age_high > OLDEST_AGE:
        detail = f"{record.age_high:g} years; nobody was older than {OLDEST_AGE}. Is it a year of birth?"
        return Rejection(record.path, record.relative, "impossible_age", detail)
    return None


def _find_text_problem(record: Record) -> Rejection | None:
    for name, text in {**record.attributes, "subject": record.subject}.items():
        if text and (CONTROL.search(text) or not _is_unicode(text) or len(text) > MAX_SHOWN):
            detail = f"{name} must be a short line without control characters: {text[:MAX_SHOWN]!r}"
            return Rejection(record.path, record.relative, "bad_text", detail)
        if text and name != "subject" and text.startswith(FORMULA):
            detail = f"{name} begins like a formula of a spreadsheet: {text!r}"
            return Rejection(record.path, record.relative, "bad_text", detail)
    return None


def _manifest_row(record: Record, *, source: str, max_age: int) -> dict[str, object]:
    low, high = min(record.age_low, max_age), min(record.age_high, max_age)
    return {
        "image_id": f"{source}/{record.relative}",
        "source": source,
        "path": str(record.path),
        "age_low": low,
        "age_high": high,
        "age": (low + high) / 2,
        "age_kind": record.age_kind,
        "age_clipped": record.age_high > max_age,
        **{name: record.attributes.get(name) for name in ATTRIBUTES},
        "subject": None if record.subject is None else f"{source}:{record.subject}",
    }


def _rejected_row(rejection: Rejection, *, source: str) -> dict[str, object]:
    return {
        "image_id": _as_line(f"{source}/{rejection.relative}"),
        "source": source,
        "path": _as_line(str(rejection.path)),
        "reason": rejection.reason,
        "detail": _as_line(rejection.detail),
    }


def _is_unicode(name: str) -> bool:
    """Return whether a name can be encoded; Python reads bytes that are not UTF-8 as surrogates, which cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _as_line(text: str) -> str:
    """Return text in one line of at most `MAX_SHOWN` characters, with escapes for what cannot be written or shown."""
    short = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
    plain = CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), short)
    return plain.encode("utf-8", errors="backslashreplace").decode()
