"""Fixtures: the command as a function, a folder to run it in, and a project of a few rows."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.commands.main import main
from agelens.pipeline.config.params import read_params
from tests.pipeline.small_project import SmallProject, make_small_project

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder, in a terminal wide enough for the tables of the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def agelens(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Return the command `agelens` as a function of its arguments that returns exit status, output and errors."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["agelens", *words])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    return run


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """Return a project with split and rebalanced rows, and no features yet."""
    return make_small_project(tmp_path)


@pytest.fixture
def refusal(tmp_path):
    """Return a function from invalid settings to the error message, without the name of the file."""

    def refuse(settings: Any) -> str:
        path = tmp_path / "params.yaml"
        path.write_text(settings if isinstance(settings, str) else yaml.safe_dump(settings))
        with pytest.raises(ParamsError) as caught:
            read_params(path)
        line = str(caught.value)
        assert "\n" not in line
        assert line.startswith(str(path))
        return line.removeprefix(str(path))

    return refuse
