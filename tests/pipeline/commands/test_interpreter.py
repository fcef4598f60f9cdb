"""Stages find their Python: that of the active environment, else that of `.venv`; another one is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.locations import ROOT

(VARIABLES,) = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["vars"]


def write_program(path: Path, word: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {word} $*\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("active", "expected"), [(False, "venv -m agelens"), (True, "active -m agelens")])
def test_dvc_runs_the_active_python_or_that_of_the_checkout(tmp_path: Path, active: bool, expected: str) -> None:
    write_program(tmp_path / ".venv/bin/python", "venv")
    write_program(tmp_path / "environment/bin/python", "active")
    path = str(tmp_path / "environment/bin") if active else str(tmp_path / "nothing")
    ran = subprocess.run(
        ["/bin/sh", "-c", f"{VARIABLES['python']} -m agelens"],
        cwd=tmp_path,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == expected


def test_a_python_without_the_packages_says_what_to_do() -> None:
    command = [sys.executable, "-S", "-m", "agelens", "--help"]  # without site-packages
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.strip() == (
        f"agelens: {sys.executable} does not have typer; activate the environment: . .venv/bin/activate"
    )


def test_a_checkout_runs_its_own_code(tmp_path: Path) -> None:
    """A queued experiment must run the code of its clone, although another checkout is installed."""
    (tmp_path / "agelens").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (tmp_path / "agelens" / name).write_bytes((ROOT / "agelens" / name).read_bytes())
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "pipeline/commands").mkdir(parents=True)
    (tmp_path / "pipeline/commands/main.py").write_text("def main():\n    print('the code of the clone')\n")
    ran = subprocess.run([sys.executable, "-m", "agelens"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "the code of the clone"
