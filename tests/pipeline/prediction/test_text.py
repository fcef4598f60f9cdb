"""Names and messages are shown in one line, without control characters, and are no formulas."""

import os

import pytest

from agelens.pipeline.prediction.text import plain_markdown, printable, with_formula, without_formula


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("日本 ё é 👩‍👧.jpg", "日本 ё é 👩‍👧.jpg"),  # with the joiner of an emoji
        ("a\x1b[31mred\x1b[0m.jpg", r"a\x1b[31mred\x1b[0m.jpg"),
        ("two\nlines\r.jpg", r"two\nlines\r.jpg"),
        ("bell\x07\x9b.jpg", r"bell\x07\x9b.jpg"),
        ("gpj\u202e.exe", r"gpj\u202e.exe"),  # would be shown reversed
        (os.fsdecode(b"caf\xe9.jpg"), r"caf\xe9.jpg"),
    ],
)
def test_control_characters_become_escapes(name, shown):
    assert printable(name) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("faces, 1-2.5 years (a test)", "faces, 1-2.5 years (a test)"),
        ("![a](http://b/c.png)", r"\!\[a\](http://b/c.png)"),
        ("<img src=x>&amp;", r"\<img src=x\>\&amp;"),
        ("a\n# b `c` *d* _e_ ~f~ $g$ |\\", r"a\\n\# b \`c\` \*d\* \_e\_ \~f\~ \$g\$ \|" + "\\\\"),
        (None, "None"),
    ],
)
def test_markdown_shows_text_as_it_is(text, shown):
    assert plain_markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("=1+1.jpg", "'=1+1.jpg"),
        ("+a", "'+a"),
        ("-rf.jpg", "'-rf.jpg"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\rx", "'\rx"),
        ("'=a", "''=a"),
        ("a=b", "a=b"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_formulas_get_an_apostrophe_that_can_be_removed(text, field):
    assert without_formula(text) == field
    assert with_formula(field) == text
