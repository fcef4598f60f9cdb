"""SIGTERM, which Slurm, Docker and `kill` send, ends a process like Ctrl-C: the code that cleans up runs.

Without this, the process ends at once, and a W&B run loses what was not written yet.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""Exit status of a process that SIGTERM ended, as shells report it."""


@contextmanager
def exit_at_sigterm() -> Iterator[None]:
    """Raise `SystemExit` in the block at SIGTERM; a handler that is there already stays.

    Only the main thread can set a handler; in another one, the block runs without.
    """
    free = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not free or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, _raise_exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def exit_status(error: BaseException) -> int:
    """Return the exit status of a process that an exception ends."""
    if isinstance(error, KeyboardInterrupt):
        return 128 + signal.SIGINT
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        return error.code
    return 1


def _raise_exit(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(TERMINATED)
