"""Text that people read uses the terms of docs/glossary.md and none of the words that the project has replaced."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.locations import ROOT

REPLACED = {
    r"anew": "again, or from scratch",
    r"alone": "only, or by itself",
    r"go(?:es|ing)? on|went on": "resume, or continue",
    r"(?:is|are|was|were|be|being) told": "name who passes or reports it",
    r"c[ao]mes? along": "bundled",
    r"stands? for|as it stands|standing": "is, means; search progress",
    r"whoever": "name the person or program",
    r"mend(?:s|ed|ing)?": "fix, or correct",
    r"judg(?:e|es|ed|ing)": "evaluate, or validate",
    r"pictures?": "image, photograph, or plot",
    r"thaw(?:s|ed|ing)?": "unfreeze",
    r"embedded (?:age )?(?:models?|detector|files?|networks?)": "bundled",
    r"web app": "there is none",
    r"wish(?:es)?": "setting",
    r"tells? (?:an? |the )?(?:ages?|gender|ethnicity|traits?)": "predict",
    r"(?:model|network|trunk|head|backbone) says": "predicts",
    r"say(?:s|ing)? so": "report it",
    r"looks at|looked at": "processes, reads",
    r"only ages, please": "prediction only",
    r"costs? nothing": "has zero loss",
    r"seen by nothing": "not used in training",
    r"(?:was|is|were|been) taught": "trained",
    r"what .{0,40}? came to": "the results of",
    r"sees? fit": "decides",
    r"hold(?:s)? the (?:true )?age": "contains the true age",
    r"dealt|deals? (?:groups|rows|single|trials|images)": "assign, split",
}
"""Patterns of words that the project has replaced, in lower case, and what to write instead."""

KEPT = ("the model has learned from this picture",)
"""Text of `agelens predict --json` that programs may compare; changing it would change the output."""

PACKAGES = ("agelens", "data_prep", "models", "pipeline", "tuning", "weights", "benchmarks")
DOCUMENTS = ("*.md", "docs/*.md", "weights/README.md", "NOTICE", "LICENSE-AGE-MODEL", "Makefile", "pyproject.toml")
SETTINGS = ("params.yaml", "params/*.yaml", "dvc.yaml", "pipeline/**/templates/*")


def texts() -> list[Path]:
    """Return every file with text that people read, except tests."""
    code = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    others = [path for pattern in (*DOCUMENTS, *SETTINGS) for path in ROOT.glob(pattern)]
    return sorted({*code, *others})


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield numbered lines of text: all of a document; strings, docstrings and comments of a module."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(content.splitlines(), start=1)
        return
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from enumerate(node.value.splitlines(), start=node.lineno)
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def replaced_words(text: str) -> list[str]:
    """Return the replaced words in a text, each with what to write instead."""
    lower = text.lower()
    for kept in KEPT:
        lower = lower.replace(kept, "")
    return [
        f"{found.group()!r}: write {instead}"
        for pattern, instead in REPLACED.items()
        for found in re.finditer(rf"\b(?:{pattern})\b", lower)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A search that was stopped goes on.", ["'goes on': write resume, or continue"]),
        ("Train the network anew", ["'anew': write again, or from scratch"]),
        ("Pictures of faces", ["'pictures': write image, photograph, or plot"]),
        ("trained_on: the model has learned from this picture", []),
        ("A recommended amendment", []),
    ],
)
def test_replaced_words_are_found_as_whole_words(text: str, words: list[str]) -> None:
    assert replaced_words(text) == words


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_uses_no_replaced_word(path: Path) -> None:
    assert [f"{number}: {word}" for number, line in lines_of(path) for word in replaced_words(line)] == []
