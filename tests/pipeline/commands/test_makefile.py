"""`make demo` works in a checkout without git, such as an unpacked ZIP file."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.locations import ROOT

PROGRAMS = "/usr/local/bin:/usr/bin:/bin"

make = shutil.which("make", path=PROGRAMS)
needs_make = pytest.mark.skipif(make is None, reason="make is not installed")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the Makefile, an environment whose commands only record how they were called, and no git."""
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "params").mkdir()
    for name in ("params.yaml", "params/demo.yaml"):
        shutil.copy(ROOT / "params/demo.yaml", tmp_path / name)
    for name in ("python", "pip", "dvc", "agelens"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>calls.txt\n')
        program.chmod(0o755)
    return tmp_path


def calls(checkout: Path) -> list[str]:
    """Return the commands of `make demo`."""
    environment = {"PATH": PROGRAMS, "GIT_CEILING_DIRECTORIES": str(checkout.parent)}
    ran = subprocess.run(
        [str(make), "demo"], cwd=checkout, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return (checkout / "calls.txt").read_text().splitlines()


@needs_make
def test_without_git_dvc_is_told_before_it_runs(checkout: Path) -> None:
    found = calls(checkout)
    assert found.index("dvc config --local core.no_scm true") < found.index("dvc repro")
    assert found[-1] == "agelens summary"


@needs_make
def test_with_git_nothing_is_configured(checkout: Path) -> None:
    subprocess.run(["git", "init", "-q", str(checkout)], check=True)
    found = calls(checkout)
    assert "dvc config --local core.no_scm true" not in found
    assert "dvc repro" in found


def test_dvc_runs_a_stage_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dvc = pytest.importorskip("dvc.repo")
    (tmp_path / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc/config", tmp_path / ".dvc")
    (tmp_path / ".dvc/config.local").write_text("[core]\n    no_scm = true\n")
    (tmp_path / "dvc.yaml").write_text("stages:\n  one:\n    cmd: echo 1 > a.txt\n    outs: [a.txt]\n")
    monkeypatch.chdir(tmp_path)
    repository = dvc.Repo()
    assert [stage.name for stage in repository.reproduce()] == ["one"]
    assert (tmp_path / "a.txt").read_text() == "1\n"
