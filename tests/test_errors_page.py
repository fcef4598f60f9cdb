"""docs/errors.md lists every class of expected errors, every reason of a rejected row, and every exit status."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agelens.data_prep.core import errors
from agelens.data_prep.core.images import read_rgb
from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.core.tables import MANIFEST, read_table
from agelens.models.serving.model_card import ModelCard
from agelens.pipeline.config.params import read_params
from agelens.pipeline.prediction.output import STOPPED
from agelens.pipeline.tracking.termination import TERMINATED
from tests.locations import ROOT

PAGE = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
CODE = re.compile(r"[a-z][a-z_]{2,30}")
PACKAGES = ("data_prep", "weights", "models", "tuning", "pipeline")


def listed(heading: str) -> set[str]:
    """Return what the first column of the table below a heading names."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = section[section.index("\n|") :].strip().split("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()][2:]
    return {name.strip(" `") for row in rows for name in row.split(",")}


def codes_in(node: ast.AST) -> set[str]:
    """Return the texts in an expression that look like a code."""
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return {text for text in texts if CODE.fullmatch(text)}


def reasons_of(tree: ast.AST) -> Iterator[str]:
    """Yield the reasons that the code of a module gives."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="reason"), *_])], value=ast.Tuple(elts=[reason, *_])):
                yield from codes_in(reason)
            case ast.Assign(targets=[ast.Name(id="reason")], value=ast.Constant() as reason):
                yield from codes_in(reason)
            case ast.Call(func=ast.Name(id="Rejection"), args=[_, _, reason, *_]):
                yield from codes_in(reason)
            case ast.Call(func=ast.Name(id="ImageError" | "_BadValueError"), args=[reason, *_]):
                yield from codes_in(reason)
            case ast.keyword(arg="reason", value=reason):
                yield from codes_in(reason)


def test_every_class_of_errors_is_listed() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    expected = {each.__name__ for each in classes if issubclass(each, errors.AgelensError)}
    assert len(expected) == 5
    assert listed("Classes") == expected


def test_all_classes_of_errors_are_in_one_module() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    bases = {each.__name__ for each in classes if issubclass(each, errors.AgelensError)}
    derived = {
        node.name
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and bases & {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    }
    assert derived == bases - {"AgelensError"}


def test_examples_are_real_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_text("<html>")
    settings = (ROOT / "params/demo.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(re.sub(r"(phase1:\n(?: .*\n)*?    epochs: )\d+", r"\g<1>0", settings))
    attempts: list[Callable[[], object]] = [
        lambda: read_table(Path("data/manifest.csv"), MANIFEST),
        lambda: read_rgb(Path("photo.jpg")),
        lambda: ModelCard.read(Path("weights/exported")),
        lambda: read_params(Path("params.yaml")),
    ]
    shown = []
    for attempt in attempts:
        with pytest.raises(errors.AgelensError) as caught:
            attempt()
        shown.append(f"| `{caught.type.__name__}` | {caught.value} |")
    assert [line for line in shown if line not in PAGE] == []


def test_every_reason_is_listed_and_no_other() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {code for path in files for code in reasons_of(ast.parse(path.read_text(encoding="utf-8")))}
    assert {"truncated", "no_face", "over_represented_age"} <= found
    per_attribute = {f"bad_{name}" for name in ATTRIBUTES}
    of_copies = {"duplicate", "label_conflict"}  # chosen by np.where
    assert listed("Reasons of rejected rows") == (found - {"bad_"}) | per_attribute | of_copies


@pytest.mark.parametrize(
    ("words", "status"),
    [(["--version"], 0), (["predict", "missing.jpg"], 1), (["run", "no_stage"], 1), (["predict", "--no-option"], 2)],
)
def test_commands_end_with_the_listed_status(words: list[str], status: int, tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "agelens", *words], cwd=tmp_path, capture_output=True, check=False)
    assert ran.returncode == status
    assert b"Traceback" not in ran.stderr


def test_every_status_is_listed() -> None:
    assert listed("Exit status") == {"0", "1", "2", str(STOPPED), str(TERMINATED)}
