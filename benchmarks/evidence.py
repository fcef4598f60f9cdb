"""What every result carries, so that a number can be traced: command, commit, seconds, device."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from data_prep.atomic import write_json

RESULTS = Path(__file__).parent / "results"


def write_result(name: str, content: dict[str, Any], *, seconds: float) -> Path:
    """Write `benchmarks/results/<name>.json` with the facts of this run."""
    path = RESULTS / f"{name}.json"
    facts = {
        "command": f"python benchmarks/{name}.py {' '.join(sys.argv[1:])}".strip(),
        "commit": _commit(),
        "seconds": round(seconds, 1),
        "device": _device(),
        "python": platform.python_version(),
    }
    write_json(path, {**facts, **content})
    return path


def _commit() -> str:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def _device() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores, {model}"
