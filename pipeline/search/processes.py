"""The role of a process in a search, and child processes that train a limited number of trials.

TensorFlow keeps weights and graph of a deleted model (Keras Tuner issue 1031), about 15 MiB per trial on UTKFace.
Therefore a process trains at most `TRIALS_PER_PROCESS` trials, and then another process resumes the search.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal

from agelens.data_prep.core.errors import ParamsError

TUNER_ID, CHIEF_IP, CHIEF_PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
"""Environment variables from which Keras Tuner reads the role of a process."""

TRIALS_PER_PROCESS = 22
"""Maximum number of trials of one process; 60 trials take three processes of nearly equal size."""

TRIAL_LIMIT_STATUS = 75
"""Exit status of a process that trained its maximum number of trials; trials may be left."""

EXIT_SECONDS = 20.0
"""Seconds in which a process whose parent is gone must have exited by itself."""


def role_of(environment: Mapping[str, str]) -> Literal["single", "chief", "worker"]:
    """Return the role of a process in a search from its environment, as Keras Tuner reads it.

    Raises:
        ParamsError: Only some of the variables of a role are set.
    """
    names = (CHIEF_IP, CHIEF_PORT, TUNER_ID)
    if not any(environment.get(name) for name in names):
        return "single"
    if missing := [name for name in names if not environment.get(name)]:
        msg = f"The chief and the workers of a search need {', '.join(names)}; {', '.join(missing)} is not set."
        raise ParamsError(msg)
    return "chief" if "chief" in environment[TUNER_ID] else "worker"


def start_process(
    folder: Path, *, environment: Mapping[str, str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that trains at most `TRIALS_PER_PROCESS` trials; it exits when this process does.

    Args:
        folder: Folder of the project.
        environment: Environment of the process, which may set its role.
        output: File for its output; None for the output of this process.
    """
    command = [sys.executable, "-m", "agelens", "tune", "--max-trials", str(TRIALS_PER_PROCESS)]
    return subprocess.Popen(
        command, cwd=folder, env=dict(environment), stdin=subprocess.PIPE, stdout=output, stderr=output
    )


def train_in_processes(*, project: Path) -> None:
    """Train all trials of a search, in one process after the other.

    Raises:
        ParamsError: A process failed.
    """
    status = TRIAL_LIMIT_STATUS
    while status == TRIAL_LIMIT_STATUS:
        process = start_process(project, environment=os.environ)
        try:
            status = process.wait()
        finally:
            if process.stdin:
                process.stdin.close()
            process.terminate()
            process.wait()
    if status:
        msg = f"The process that trained the trials ended with status {status}, see above; run the command to resume."
        raise ParamsError(msg)


def exit_when_stdin_closes() -> None:
    """Exit as soon as standard input closes: a parent process that is killed cannot terminate its children."""

    def wait() -> None:
        while os.read(0, 1):  # reading sys.stdin would hold its lock when the interpreter exits
            pass
        os.kill(os.getpid(), signal.SIGTERM)  # finishes the W&B run of the trial
        time.sleep(EXIT_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
