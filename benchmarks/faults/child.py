"""Run a command of the project in a forked process, which can be killed: at a moment, or before it renames a file.

The process that forks has imported the libraries, which takes seconds, and has not used them.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from agelens.pipeline.commands.main import main
from agelens.pipeline.stages import STAGES
from benchmarks.faults.artefacts import Command

TRACEBACK_STATUS = 70
"""Exit status of a process that ended with a traceback."""

LIMIT_SECONDS = 120.0
"""A process that takes longer is killed, and its cell is red."""

POLL_SECONDS = 0.005

ONE_THREAD = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")

LIBRARIES = (
    "cv2",
    "openvino",
    "keras",
    "tensorflow",
    "agelens.pipeline.prediction.predict",
    "agelens.models.serving.predictor",
)


@dataclass(frozen=True)
class Ran:
    """A process that has ended.

    Args:
        status: Its exit status; the negative number of the signal that ended it.
        errors: What it wrote to its standard error.
        seconds: How long it ran.
        renamed: The names of the files into which it renamed others, relative to its folder, in order.
        opened: The files below its folder that Python opened for reading.
    """

    status: int
    errors: str
    seconds: float
    renamed: tuple[str, ...] = ()
    opened: frozenset[Path] = frozenset()

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.status == -signal.SIGKILL


def import_libraries() -> None:
    """Import what commands use, with one thread for each process."""
    os.environ |= dict.fromkeys(ONE_THREAD, "1") | {"WANDB_MODE": "disabled", "CUDA_VISIBLE_DEVICES": "-1"}
    for name in (*LIBRARIES, *(f"agelens.pipeline.stages.{stage}" for stage in STAGES)):
        import_module(name)


def run_command(
    root: Path,
    command: Command,
    *,
    kill_after: float | None = None,
    kill_before: int | None = None,
    watch: Callable[[], None] = lambda: None,
) -> Ran:
    """Run a command in a folder.

    Args:
        root: The folder of the project; its neighbour `<name>.log` gets what the process writes.
        command: The words after `agelens`.
        kill_after: Seconds after which the process is killed.
        kill_before: The number of the rename, from 0, before which it is killed.
        watch: Called again and again while the process runs.
    """
    logs = root.with_name(f"{root.name}.log")
    logs.mkdir(exist_ok=True)
    for path in logs.iterdir():
        path.unlink()
    started = time.perf_counter()
    if (process := os.fork()) == 0:
        _be_child(root, command, logs, kill_before)
    status = _wait(process, started, kill_after, watch)
    seen = logs / "opened.json"
    return Ran(
        status=status,
        errors=_text(logs / "errors"),
        seconds=time.perf_counter() - started,
        renamed=tuple(_text(logs / "renamed").splitlines()),
        opened=frozenset(Path(name) for name in json.loads(seen.read_text())) if seen.is_file() else frozenset(),
    )


def _wait(process: int, started: float, kill_after: float | None, watch: Callable[[], None]) -> int:
    limit = LIMIT_SECONDS if kill_after is None else kill_after
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.perf_counter() - started > limit:
            os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
            return os.waitstatus_to_exitcode(status)
        watch()
        time.sleep(POLL_SECONDS)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _be_child(root: Path, command: Command, logs: Path, kill_before: int | None) -> NoReturn:
    status = TRACEBACK_STATUS
    try:
        for name, stream in (("output", 1), ("errors", 2)):
            os.dup2(os.open(logs / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(root)
        _note_renames(root.resolve(), logs / "renamed", kill_before)
        seen = _note_opened(root.resolve())
        sys.argv = ["agelens", *command]
        status = _status_of(main)
        (logs / "opened.json").write_text(json.dumps(sorted(seen)))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _status_of(function: Callable[[], None]) -> int:
    try:
        function()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
        return TRACEBACK_STATUS
    return 0


def _note_renames(root: Path, log: Path, kill_before: int | None) -> None:
    count = 0

    def noting(rename: Callable[..., None]) -> Callable[..., None]:
        def renamed(source: Any, target: Any, *arguments: Any, **keywords: Any) -> None:
            nonlocal count
            path = Path.cwd() / os.fspath(target)
            if path.is_relative_to(root):
                if count == kill_before:
                    os.kill(os.getpid(), signal.SIGKILL)
                count += 1
                with log.open("a") as file:
                    file.write(f"{path.relative_to(root).as_posix()}\n")
            rename(source, target, *arguments, **keywords)

        return renamed

    os.rename, os.replace = noting(os.rename), noting(os.replace)


def _note_opened(root: Path) -> set[str]:
    seen: set[str] = set()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | os.PathLike):
            return
        path = Path.cwd() / os.fspath(arguments[0])
        if "r" in (arguments[1] or "r") and path.is_relative_to(root):
            seen.add(path.relative_to(root).as_posix())

    sys.addaudithook(note)
    return seen
