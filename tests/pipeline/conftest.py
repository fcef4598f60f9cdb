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


WANDB_SETTINGS = (
    "WANDB_MODE",
    "WANDB_API_KEY",
    "WANDB_PROJECT",
    "WANDB_DIR",
    "WANDB_BASE_URL",
    "WANDB_RUN_GROUP",
    "WANDB_INIT_TIMEOUT",
    "NETRC",
)
WANDB_FOLDERS = ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return the empty home folder of a user without W&B settings; W&B reads its settings again in each test."""
    from wandb.sdk import wandb_setup  # noqa: PLC0415  takes a second, and few tests need it

    home: Path = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (*WANDB_SETTINGS, *WANDB_FOLDERS):
        # Set first, so that monkeypatch also removes what the tested code sets.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.chdir(home)  # W&B also reads the settings of the current folder
    monkeypatch.setattr(wandb_setup, "_singleton", None)
    return home
