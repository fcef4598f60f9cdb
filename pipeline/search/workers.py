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

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.search.shares import CHIEF_IP, CHIEF_PORT, RENEW, TUNER_ID, part_of, start_share
from agelens.pipeline.stages.tune import search, train_share, work
from agelens.tuning.search import ShareDone

RESTARTS = 3
"""How often a worker that dies is started again; it gets the trial that it was at once more."""


def tune(params: Params, paths: Paths, *, workers: int, most: int | None = None) -> None:
    """Search alone, with workers of our own, or in the part that the environment gives this process.

    With `most`, train so many trials and end with status `RENEW`.
    """
    part = part_of(os.environ)
    if part != "alone" and workers > 1:
        msg = f"Workers are either our own (--workers) or wait elsewhere ({TUNER_ID}), not both."
        raise ParamsError(msg)
    if part == "worker" or most is not None:
        try:
            (work if part == "worker" else train_share)(params, paths, most=most)
        except ShareDone:
            sys.exit(RENEW)
    elif workers > 1:
        with own_workers(workers, logs=paths.tune_state):
            search(params, paths)
    else:
        search(params, paths)


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
            return start_share(Path(), environment={**self._environment, TUNER_ID: f"worker{number}"}, output=log)

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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
