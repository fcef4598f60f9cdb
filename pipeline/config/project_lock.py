"""One command at a time writes into a project: a second one stops with the process that it would disturb."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from agelens.data_prep.core.atomic import remove_temporaries
from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.paths import Paths


@contextmanager
def project_lock(paths: Paths) -> Iterator[None]:
    """Hold the project while the block runs, after removing temporary files that killed commands left.

    The lock ends with its process, however that ends, so there is none to remove by hand.

    Raises:
        ParamsError: Another process holds the project.
    """
    paths.lock.parent.mkdir(parents=True, exist_ok=True)
    holder = paths.lock.with_suffix(".pid")
    try:
        with FileLock(paths.lock, blocking=False):
            holder.write_text(str(os.getpid()))
            for folder in (paths.root / "data", paths.root / "weights", paths.root / "reports"):
                remove_temporaries(folder)
            yield
    except Timeout as error:
        pid = holder.read_text() if holder.is_file() else "unknown"
        msg = (
            f"Another command (process {pid}) is working in {paths.root.resolve()}. Wait until it has finished, or "
            f"stop it with `kill {pid}`: it resumes where it stopped."
        )
        raise ParamsError(msg) from error
