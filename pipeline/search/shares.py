"""The part of a process in a search, and processes that train a share of its trials and are then renewed.

TensorFlow keeps the weights and graph of a head that is gone (Keras Tuner issue 1031), 15 MiB a trial on UTKFace. So
no process trains more than `RENEW_AFTER` trials; another one goes on with the search, as after any stop.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal

from agelens.data_prep.core.errors import ParamsError

TUNER_ID, CHIEF_IP, CHIEF_PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
"""Variables by which Keras Tuner tells a chief and its workers."""

RENEW_AFTER = 22
"""Trials of one process; 60 fall into three nearly equal shares."""

RENEW = 75
"""Exit status of a process that has trained its share, and is to be followed by another."""


def part_of(environment: Mapping[str, str]) -> Literal["alone", "chief", "worker"]:
    """Return a process's part in the search, as Keras Tuner reads it from the environment.

    Raises:
        ParamsError: The environment gives it half a part.
    """
    names = (CHIEF_IP, CHIEF_PORT, TUNER_ID)
    if not any(environment.get(name) for name in names):
        return "alone"
    if missing := [name for name in names if not environment.get(name)]:
        msg = f"A chief or worker of a shared search needs {', '.join(names)}; {', '.join(missing)} is not set."
        raise ParamsError(msg)
    return "chief" if "chief" in environment[TUNER_ID] else "worker"


def start_share(
    folder: Path, *, environment: Mapping[str, str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that trains a share of the search of a project; it ends when this one does.

    Args:
        folder: The project's.
        environment: Of the process; it may give it a part.
        output: Where it prints; None lets it print where this one does.
    """
    command = [sys.executable, "-m", "agelens", "tune", "--renew-after", str(RENEW_AFTER)]
    return subprocess.Popen(
        command, cwd=folder, env=dict(environment), stdin=subprocess.PIPE, stdout=output, stderr=output
    )


def train_in_shares(*, project: Path) -> None:
    """Train the trials of a search in one process after the other, until none is left.

    Raises:
        ParamsError: A process ended otherwise.
    """
    code = RENEW
    while code == RENEW:
        process = start_share(project, environment=os.environ)
        try:
            code = process.wait()
        finally:
            if process.stdin:
                process.stdin.close()
            process.terminate()
            process.wait()
    if code:
        msg = f"The process that trained trials ended with status {code}, see above; the same command goes on."
        raise ParamsError(msg)


def end_with_input() -> None:
    """End this process as soon as its input does: one that is killed cannot tell those it started."""

    def wait() -> None:
        while os.read(0, 1):  # sys.stdin would be locked by this thread when the process ends by itself
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
