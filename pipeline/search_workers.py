"""A search shared by several processes: a chief deals trials, workers train them; on one machine or on several.

On several machines every process runs `agelens tune` in a shared project folder with `KERASTUNER_ORACLE_IP` and
`KERASTUNER_ORACLE_PORT` of the chief, whose `KERASTUNER_TUNER_ID` is `chief`; every worker has one of its own.
"""

import os
import socket
import subprocess
import sys
import threading
from _thread import interrupt_main
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from data_prep.errors import ParamsError
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import say
from pipeline.stages.tune import search, work
from tuning.search import ShareDone

TUNER_ID, CHIEF_IP, CHIEF_PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
RENEW_AFTER = 25
"""Trials of one worker, whose place is then taken by a fresh process: TensorFlow keeps the weights and graph of a head
that is gone (Keras Tuner issue 1031), 15 MiB a trial."""

RENEW = 75
"""Exit status of a worker that is to be renewed."""

RESTARTS = 3
"""How often a worker that dies is started again; it gets the trial that it was at once more."""


def tune(params: Params, paths: Paths, *, workers: int, most: int | None = None) -> None:
    """Search alone, with workers of our own, or in the part that the environment gives this process.

    A worker ends with status `RENEW` after `most` trials.
    """
    part = part_of(os.environ)
    if part != "alone" and workers > 1:
        msg = f"Workers are either our own (--workers) or wait elsewhere ({TUNER_ID}), not both."
        raise ParamsError(msg)
    if part == "worker":
        try:
            work(params, paths, most=most)
        except ShareDone:
            sys.exit(RENEW)
    elif workers > 1:
        with own_workers(workers, logs=paths.tune_state):
            search(params, paths)
    else:
        search(params, paths)


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


@contextmanager
def own_workers(count: int, *, logs: Path) -> Iterator[None]:
    """Make this process the chief and start its workers, which end with it, however it ends.

    Args:
        count: How many.
        logs: Folder for what they print, `worker_N.log`.

    Raises:
        ParamsError: A worker died again and again.
    """
    shared = {CHIEF_IP: "127.0.0.1", CHIEF_PORT: str(_free_port())}
    logs.mkdir(parents=True, exist_ok=True)
    crew = _Crew(count, environment=os.environ | shared, logs=logs)
    os.environ.update(shared | {TUNER_ID: "chief"})
    try:
        yield
    except KeyboardInterrupt:
        if crew.lost is None:
            raise
        msg = f"Worker {crew.lost} died {RESTARTS + 1} times; see {logs / f'worker_{crew.lost}.log'}."
        raise ParamsError(msg) from None
    finally:
        crew.dismiss()
        for name in (CHIEF_IP, CHIEF_PORT, TUNER_ID):
            os.environ.pop(name, None)


class _Crew:
    """Workers, and a thread that starts anew those that die."""

    def __init__(self, count: int, *, environment: Mapping[str, str], logs: Path) -> None:
        self.lost: int | None = None
        self._environment, self._logs = environment, logs
        self._starts = dict.fromkeys(range(1, count + 1), 0)
        self._dismissed = threading.Event()
        self._running = {number: self._start(number) for number in self._starts}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def dismiss(self) -> None:
        """End what still runs."""
        self._dismissed.set()
        self._thread.join()
        for process in self._running.values():
            process.terminate()
            process.wait()
            if process.stdin:
                process.stdin.close()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        self._starts[number] += 1
        with (self._logs / f"worker_{number}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "pipeline", "tune", "--renew-after", str(RENEW_AFTER)],
                env={**self._environment, TUNER_ID: f"worker{number}"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def _watch(self) -> None:
        while not self._dismissed.wait(0.5):
            for number, process in self._running.items():
                code = process.poll()
                if code in {None, 0}:
                    continue
                if code == RENEW:
                    self._starts[number] = 0
                    self._running[number] = self._start(number)
                    continue
                if self._starts[number] > RESTARTS:
                    self.lost = number
                    interrupt_main()
                    return
                say(f"worker {number} died ({process.returncode}) and is started again")
                self._running[number] = self._start(number)


def end_with_input() -> None:
    """End this process as soon as its input does: a chief that is killed cannot tell its workers."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
