"""Executions of the pipeline: all stages of one `dvc repro` are one execution, any other command is its own.

The first stage of an execution writes its group into a file, where the later stages find it. They know the
execution by the process that started it, which is DVC's for the stages of `dvc repro`, and by its start time, because
numbers of processes are used again. Child processes of a command belong to its execution.
"""

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from agelens.data_prep.core.atomic import write_json
from agelens.pipeline.config.paths import Paths

STARTER = "AGELENS_EXECUTION"
"""Environment variable that tells child processes who started the execution: a process and its start time."""

SAME_START = 60.0
"""Seconds by which two readings of the start of a process may differ: the clock may be corrected in between."""


@dataclass(frozen=True)
class Execution:
    """An execution of the pipeline.

    Args:
        process: Number of the process that started it.
        started: When that process was started, in seconds since 1970.
        label: The experiment's name that DVC sets, or the time of the start; part of the names of runs.
        group: Group of the runs.
        unreachable: Why W&B's server could not be reached; None if it could, or was not needed.
    """

    process: int
    started: float
    label: str
    group: str
    unreachable: str | None = None


def current_execution(paths: Paths) -> Execution:
    """Return the execution that this process belongs to, as its earlier stages have left it."""
    process, started = _starter()
    os.environ[STARTER] = f"{process} {started}"
    stored = read_state(_file(paths))
    if stored and stored["process"] == process and abs(stored["started"] - started) < SAME_START:
        return Execution(**stored)
    label = os.environ.get("DVC_EXP_NAME") or time.strftime("%Y%m%d-%H%M%S", time.localtime(started))
    return _keep(Execution(process, started, label, os.environ.get("WANDB_RUN_GROUP") or label), paths)


def continue_group(execution: Execution, *, label: str, group: str, paths: Paths) -> Execution:
    """Let an execution continue another one that was interrupted, whose runs it resumes."""
    return _keep(replace(execution, label=label, group=group), paths)


def remember_unreachable(execution: Execution, reason: str, *, paths: Paths) -> None:
    """Remember for the rest of an execution that W&B's server could not be reached."""
    _keep(replace(execution, unreachable=reason), paths)


def state_file(paths: Paths, name: str) -> Path:
    """Return the file in which this package remembers something between processes."""
    return paths.tracking / f"{name}.json"


def read_state(path: Path) -> dict[str, Any] | None:
    """Return the content of a file of this package; None if it is missing or damaged: nothing depends on it."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _file(paths: Paths) -> Path:
    return state_file(paths, "execution")


def _keep(execution: Execution, paths: Paths) -> Execution:
    write_json(_file(paths), asdict(execution))
    return execution


def _starter() -> tuple[int, float]:
    """Return number and start of the process that started this execution."""
    if inherited := os.environ.get(STARTER):
        number, _, start = inherited.partition(" ")
        return int(number), float(start)
    process = _dvc_process() or psutil.Process()
    return process.pid, process.create_time()


def _dvc_process() -> psutil.Process | None:
    """Return the process that runs this stage with DVC, if any.

    DVC sets `DVC_STAGE` for the commands of stages, so it is in the environment of every process between, such as a
    shell, but not in that of DVC.
    """
    if "DVC_STAGE" not in os.environ:
        return None
    try:
        return next((each for each in psutil.Process().parents() if "DVC_STAGE" not in each.environ()), None)
    except psutil.Error:  # the process of another user
        return None
