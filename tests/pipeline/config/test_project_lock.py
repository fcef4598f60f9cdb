"""One command at a time writes into a project."""

import os
import subprocess
import sys

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.project_lock import project_lock

HOLDER = """
import sys
from pathlib import Path
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.project_lock import project_lock
with project_lock(Paths(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the project until its standard input closes."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_command_stops_and_names_the_first(tmp_path, holder):
    with pytest.raises(ParamsError, match=rf"process {holder.pid}\) is working in"), project_lock(Paths(tmp_path)):
        pass


def test_a_killed_command_leaves_no_lock(tmp_path, holder):
    holder.kill()
    holder.wait()
    with project_lock(Paths(tmp_path)):
        assert (tmp_path / "data/.lock.pid").read_text() == str(os.getpid())


def test_commands_one_after_the_other_both_run(tmp_path):
    for _ in range(2):
        with project_lock(Paths(tmp_path)):
            pass


def test_temporary_files_of_killed_commands_are_removed(tmp_path):
    left = [tmp_path / name for name in ("data/features/.writing-a.npz", "weights/trained/.writing-b.keras")]
    kept = tmp_path / "data/features/view_0.npz"
    for path in (*left, kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    with project_lock(Paths(tmp_path)):
        assert not any(path.exists() for path in left)
        assert kept.exists()
