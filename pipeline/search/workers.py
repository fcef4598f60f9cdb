"""Worker processes of a search on this machine; they train the trials that the chief, this process, creates.

To share a search between machines, every process runs `agelens tune` in a shared project folder with
`KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` of the chief. `KERASTUNER_TUNER_ID` is `chief` for the chief, and
differs between all workers.
"""

import os
import socket
import subprocess
import threading
from _thread import interrupt_main
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.progress import say
from agelens.pipeline.search.processes import CHIEF_IP, CHIEF_PORT, TRIAL_LIMIT_STATUS, TUNER_ID, start_process

MAX_RESTARTS = 3
"""How often a worker that fails is restarted; it trains its last trial again."""


@contextmanager
def local_workers(count: int, *, logs: Path) -> Iterator[None]:
    """Make this process the chief and start its workers, which exit with it.

    Args:
        count: Number of workers.
        logs: Folder for their output, `worker_N.log`.

    Raises:
        ParamsError: A worker failed more than `MAX_RESTARTS` times.
    """
    shared = {CHIEF_IP: "127.0.0.1", CHIEF_PORT: str(_free_port())}
    logs.mkdir(parents=True, exist_ok=True)
    pool = _WorkerPool(count, environment=os.environ | shared, logs=logs)
    os.environ.update(shared | {TUNER_ID: "chief"})
    try:
        yield
    except KeyboardInterrupt:
        if pool.failed is None:
            raise
        msg = f"Worker {pool.failed} failed {MAX_RESTARTS + 1} times; see {logs / f'worker_{pool.failed}.log'}."
        raise ParamsError(msg) from None
    finally:
        pool.close()
        for name in (CHIEF_IP, CHIEF_PORT, TUNER_ID):
            os.environ.pop(name, None)


class _WorkerPool:
    """Worker processes, and a thread that restarts those that fail; `failed` is the worker that failed too often."""

    def __init__(self, count: int, *, environment: Mapping[str, str], logs: Path) -> None:
        self.failed: int | None = None
        self._environment, self._logs = environment, logs
        self._starts = dict.fromkeys(range(1, count + 1), 0)
        self._closed = threading.Event()
        self._running = {number: self._start(number) for number in self._starts}
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Terminate all workers."""
        self._closed.set()
        self._thread.join()
        for process in self._running.values():
            process.terminate()
            process.wait()
            if process.stdin:
                process.stdin.close()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        self._starts[number] += 1
        with (self._logs / f"worker_{number}.log").open("ab") as log:
            return start_process(Path(), environment={**self._environment, TUNER_ID: f"worker{number}"}, output=log)

    def _supervise(self) -> None:
        while not self._closed.wait(0.5):
            for number, process in self._running.items():
                status = process.poll()
                if status in {None, 0}:
                    continue
                if status == TRIAL_LIMIT_STATUS:
                    self._starts[number] = 0
                    self._running[number] = self._start(number)
                    continue
                if self._starts[number] > MAX_RESTARTS:
                    self.failed = number
                    interrupt_main()
                    return
                say(f"worker {number} failed with status {status} and is restarted")
                self._running[number] = self._start(number)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
