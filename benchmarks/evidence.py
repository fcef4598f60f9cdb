"""What every result carries, so that a number can be traced: command, commit, seconds, device."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import write_json

RESULTS = Path(__file__).parent / "results"


def write_result(name: str, content: dict[str, Any], *, seconds: float) -> Path:
    """Write `benchmarks/results/<name>.json` with the facts of this run."""
    path = RESULTS / f"{name}.json"
    write_json(path, {**facts_of_run(command_of(sys.argv), seconds=seconds, folder=Path()), **content})
    return path


def command_of(arguments: Sequence[str]) -> str:
    """Return what was run, as others may run it: whole paths are of this machine alone, and become `PATH`."""
    words = ["PATH" if Path(word).is_absolute() else word for word in arguments[1:]]
    return " ".join(["python", f"benchmarks/{Path(arguments[0]).name}", *words])


def facts_of_run(command: str, *, seconds: float, folder: Path) -> dict[str, Any]:
    """Return what was run, on which commit of the checkout in `folder`, for how long and on what."""
    return {
        "command": command,
        "commit": _commit(folder),
        "seconds": round(seconds, 1),
        "device": _device(),
        "python": platform.python_version(),
    }


def _commit(folder: Path) -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return asked.stdout.strip() or "unknown"


def _device() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores, {model}"
