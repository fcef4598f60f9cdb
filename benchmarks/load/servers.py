"""A server of agelens as a process of its own, with its memory and its temporary files."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from agelens.data_prep.core.errors import AgelensError
from tests.free_port import free_port

START_SECONDS = 90


class Server:
    """A running server.

    Args:
        process: Its process.
        url: That it serves.
        folder: Its temporary folder, which nothing else uses.
        log: File with everything that it printed.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str, folder: Path, log: Path) -> None:
        self.process, self.url, self.folder, self.log = process, url, folder, log

    def megabytes(self) -> float:
        """Return the resident memory of the process and its children."""
        whole = psutil.Process(self.process.pid)
        return round(sum(one.memory_info().rss for one in (whole, *whole.children(recursive=True))) / 1e6, 1)

    def files(self) -> int:
        """Return the number of files in its temporary folder."""
        return sum(path.is_file() for path in self.folder.rglob("*"))

    def tracebacks(self) -> int:
        """Return how many tracebacks it printed."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")

    def stop(self) -> None:
        """Ask it to end, as service managers do."""
        self.process.terminate()
        self.process.wait(timeout=30)


@contextmanager
def served(command: Sequence[str], *, ready: str, folder: Path) -> Iterator[Server]:
    """Start `agelens COMMAND` on a free port, wait until it answers, and stop it in the end.

    Args:
        command: Words after `agelens`.
        ready: Path that is answered with status 200 once it serves.
        folder: For its temporary files and its log; it must exist.

    Raises:
        AgelensError: It does not answer.
    """
    port, log, temporary = free_port(), folder / "log.txt", folder / "tmp"
    temporary.mkdir()
    words = [sys.executable, "-m", "agelens", *command, "--port", str(port)]
    with log.open("wb") as output:
        environment = {**os.environ, "TMPDIR": str(temporary)}
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, env=environment)
    server = Server(process, f"http://127.0.0.1:{port}", temporary, log)
    try:
        _wait(server, ready)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def _wait(server: Server, ready: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.process.poll() is None:
        try:
            if httpx.get(server.url + ready).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    msg = f"The server must answer {ready} within {START_SECONDS} seconds. Received: {server.log.read_text()[-500:]!r}."
    raise AgelensError(msg)
