"""No module loads a format that can run code, and what docs/security.md names as its tests exists."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.locations import ROOT

PACKAGES = ("agelens", "data_prep", "weights", "models", "tuning", "pipeline")

MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}

UNSAFE = {("allow_pickle", True), ("safe_mode", False), ("weights_only", False)}
"""Options of functions that read files, and the value with which they can run code."""

FUNCTIONS = {"YOLO", "unsafe_load", "full_load", "enable_unsafe_deserialization"}

KNOWN = {
    # Between the processes of one run, as Ray itself does:
    ("data_prep/faces/ray_engine.py", "pickle"),
    ("pipeline/prediction/ray_predictions.py", "pickle"),
    # Checkpoints of the detector, after a check of their SHA-256:
    ("data_prep/faces/torch_detector.py", "YOLO"),
    ("data_prep/detector_training/yolo_export.py", "YOLO"),
    ("data_prep/detector_training/yolo_export.py", "weights_only"),
    ("data_prep/detector_training/yolo_training.py", "YOLO"),
}


def unsafe_parts(tree: ast.AST) -> Iterator[str]:
    """Yield what a module uses that can run code from a file."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ({each.name for each in names} & MODULES)
            case ast.ImportFrom(module=str(module)) if module in MODULES:
                yield module
            case ast.keyword(arg=str(option), value=ast.Constant(value=value)) if (option, value) in UNSAFE:
                yield option
            case ast.Call():
                yield from unsafe_calls(node)


def unsafe_calls(call: ast.Call) -> Iterator[str]:
    """Yield the name of a function that can run code from a file."""
    name = ast.unparse(call.func)
    if name in {"eval", "exec"}:
        yield name
    if (last := name.rpartition(".")[2]) in FUNCTIONS:
        yield last
    if name == "torch.load" and "weights_only" not in {each.arg for each in call.keywords}:
        yield name


def test_only_known_modules_load_formats_that_can_run_code() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 300
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in files
        for name in unsafe_parts(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == KNOWN


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import pickle", "pickle"),
        ("from joblib import load", "joblib"),
        ("np.load(a, allow_pickle=True)", "allow_pickle"),
        ("keras.saving.load_model(a, safe_mode=False)", "safe_mode"),
        ("torch.load(a)", "torch.load"),
        ("torch.load(a, weights_only=False)", "weights_only"),
        ("yaml.unsafe_load(a)", "unsafe_load"),
        ("eval(a)", "eval"),
    ],
)
def test_unsafe_parts_are_found(code: str, name: str) -> None:
    assert list(unsafe_parts(ast.parse(code))) == [name]


def test_the_page_on_security_names_tests_that_exist() -> None:
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[^`]+)`", page)
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert [name for name in named if not name.endswith(".py")] == []
