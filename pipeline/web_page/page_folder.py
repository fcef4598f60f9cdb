"""The temporary folder of a page, and the removal of those that killed pages left with photographs in them."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PREFIX = "agelens-page-"
LOCK = "lock"
NEW_SECONDS = 60
"""In which a folder may not be locked yet by the page that makes it."""


@contextmanager
def page_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that exists as long as the page, after removing those whose page has ended.

    Args:
        parent: Default: the folder for temporary files.
    """
    parent = parent or Path(tempfile.gettempdir())
    remove_abandoned(parent)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True) as name,
        (Path(name) / LOCK).open("w") as lock,  # the system unlocks it when the process ends, even if it is killed
    ):
        _try_lock(lock)
        files = Path(name) / "files"
        files.mkdir()
        yield files


def remove_abandoned(parent: Path, *, now: float | None = None) -> int:
    """Remove the folders of pages that no process has locked, and return their number.

    Args:
        parent: The folder in which they are.
        now: Time of the check, in seconds since the epoch.
    """
    removed = 0
    for path in parent.glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError):  # of another user, or removed meanwhile
            if path.stat().st_mtime > (time.time() if now is None else now) - NEW_SECONDS:
                continue
            with path.open("r+") as lock:
                if _try_lock(lock):
                    shutil.rmtree(path.parent)
                    removed += 1
    return removed


def _try_lock(file: IO[str]) -> bool:
    try:
        import fcntl  # noqa: PLC0415

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # Windows, where folders of killed pages stay; or another process has it
        return False
    return True
