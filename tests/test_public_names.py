"""`import agelens` is light, and its public names are those that it declares."""

import json
import subprocess
import sys
import tomllib

import pytest

import agelens
from tests.locations import ROOT

HEAVY = ("numpy", "pandas", "cv2", "openvino", "keras", "tensorflow", "torch")


def test_import_loads_no_library() -> None:
    code = f"import json, sys, agelens; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []


@pytest.mark.parametrize("name", agelens.__all__)
def test_every_public_name_exists_and_is_in_the_readme(name: str) -> None:
    assert getattr(agelens, name) is not None
    assert name in dir(agelens)
    assert f"`{name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_other_names_are_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'agelens' has no attribute 'AgePredicter'"):
        _ = agelens.AgePredicter


def test_every_error_derives_from_the_base() -> None:
    errors = [getattr(agelens, name) for name in agelens.__all__ if name.endswith("Error")]
    assert len(errors) == 5
    assert all(issubclass(error, agelens.AgelensError) for error in errors)


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert agelens.__version__ == project["version"]
