"""Which stages are one execution: those that one DVC started, and child processes of a command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.executions import current_execution, remember_unreachable

STAGE = """
from pathlib import Path
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.executions import current_execution
print(current_execution(Paths(Path("."))).group)
"""

DVC = """
import os, subprocess, sys
os.environ.pop("DVC_STAGE", None)
for stage in ("train", "evaluate"):
    command = ["sh", "-c", f"'{sys.executable}' -c '{sys.argv[1]}'; true"]
    subprocess.run(command, env={**os.environ, "DVC_STAGE": stage}, check=True)
"""
"""Starts two stages in shells that stay, as DVC does with some shells."""


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be no stage of DVC, in no execution."""
    for name in ("AGELENS_EXECUTION", "DVC_STAGE", "DVC_EXP_NAME", "WANDB_RUN_GROUP"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def groups_of(code: str, *words: str, folder: Path) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.split()


def test_stages_of_one_dvc_are_one_execution(tmp_path: Path) -> None:
    train, evaluate = groups_of(DVC, STAGE, folder=tmp_path)
    assert train == evaluate
    stored = json.loads(Paths(tmp_path).tracking.joinpath("execution.json").read_text())
    assert stored["group"] == train
    assert stored["process"] != os.getpid()  # the process of DVC, not of the test that started it


def test_commands_by_hand_are_executions_of_their_own(tmp_path: Path) -> None:
    groups_of(STAGE, folder=tmp_path)
    first = json.loads(Paths(tmp_path).tracking.joinpath("execution.json").read_text())
    groups_of(STAGE, folder=tmp_path)
    assert json.loads(Paths(tmp_path).tracking.joinpath("execution.json").read_text())["process"] != first["process"]


def test_a_child_process_belongs_to_the_execution_of_its_parent(tmp_path: Path) -> None:
    group = current_execution(Paths(tmp_path)).group
    assert groups_of(STAGE, folder=tmp_path) == [group]


def test_a_process_number_that_is_used_again_is_another_execution(tmp_path, monkeypatch):
    monkeypatch.setenv("AGELENS_EXECUTION", "77 1000000.0")
    first = current_execution(Paths(tmp_path))
    remember_unreachable(first, "no network", paths=Paths(tmp_path))
    monkeypatch.setenv("AGELENS_EXECUTION", "77 1000003.5")  # the clock was corrected
    assert current_execution(Paths(tmp_path)).unreachable == "no network"
    assert current_execution(Paths(tmp_path)).group == first.group
    monkeypatch.setenv("AGELENS_EXECUTION", "77 1009000.0")
    assert current_execution(Paths(tmp_path)).unreachable is None
    assert current_execution(Paths(tmp_path)).group != first.group


def test_a_damaged_file_starts_another_execution(tmp_path: Path) -> None:
    current_execution(Paths(tmp_path))
    Paths(tmp_path).tracking.joinpath("execution.json").write_text("{")
    assert current_execution(Paths(tmp_path)).unreachable is None
