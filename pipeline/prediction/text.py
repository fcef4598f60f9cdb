"""Names of files and messages as text that is safe to print and safe in a spreadsheet."""

import os
import re
from pathlib import Path

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that move a terminal's cursor, colour it, break a line or reverse the direction of text."""

MARKDOWN = re.compile(r"[\\`*_\[\]<>&#|~!$]")
"""What Markdown reads as formatting, a link, an image, HTML or a formula."""

FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What begins a formula in a spreadsheet, after any apostrophes that protect one."""


def decoded(name: str | Path) -> str:
    """Return the name of a file as text; bytes that are not UTF-8 become hexadecimal escapes."""
    text = str(name)
    try:
        content = os.fsencode(text)
    except UnicodeEncodeError:  # not a name from this file system
        content = text.encode("utf-8", "backslashreplace")
    return content.decode("utf-8", "backslashreplace")


def printable(name: str | Path) -> str:
    """Return a name or a message in one line without control characters, which become hexadecimal escapes."""
    return CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), decoded(name))


def plain_markdown(text: object) -> str:
    """Return text that Markdown shows as it is: in one line, without links, images, HTML or formatting."""
    return MARKDOWN.sub(r"\\\g<0>", printable(str(text)))


def without_formula(text: str) -> str:
    """Return text that no spreadsheet reads as a formula: with an apostrophe in front if it begins like one."""
    return f"'{text}" if FORMULA.match(text) else text


def with_formula(text: str) -> str:
    """Return the text from which `without_formula` made `text`."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def pluralise(number: int, noun: str) -> str:
    """Return a number with its noun, for example `1 file` or `1,200 files`."""
    return f"{number:,} {noun}" + ("s" if number != 1 else "")
