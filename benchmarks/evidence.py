"""Write the result of a benchmark with what is needed to reproduce it: command, commit, duration, device."""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import write_json

RECORDED = Path(__file__).parent / "results"
"""Committed results, from which README and docs are written."""

SCRATCH = Path(__file__).parents[1] / "reports/benchmarks"
"""Results of every other run; git ignores this folder."""


def add_record_option(parser: argparse.ArgumentParser) -> None:
    """Add the option `--record`, which every benchmark passes to `write_result`."""
    parser.add_argument(
        "--record",
        action="store_true",
        help="write the result to benchmarks/results/, which README and docs quote, instead of reports/benchmarks/",
    )


def write_result(name: str, content: dict[str, Any], *, seconds: float, record: bool) -> Path:
    """Write `<name>.json` with the facts of this run and print its path.

    Args:
        name: Of the benchmark.
        content: What was measured.
        seconds: Duration of the measurement.
        record: Replace the committed result in `benchmarks/results/`; otherwise write to `reports/benchmarks/`.

    Returns:
        The file that was written.
    """
    path = (RECORDED if record else SCRATCH) / f"{name}.json"
    module = getattr(sys.modules["__main__"].__spec__, "name", None)  # of `python -m`
    write_json(path, {**facts_of_run(command_of(sys.argv, module=module), seconds=seconds, folder=Path()), **content})
    print(f"written to {path}" + ("" if record else "; --record replaces the committed result"))
    return path


def command_of(arguments: Sequence[str], *, module: str | None = None) -> str:
    """Return the command as others can run it: absolute paths become `PATH`, and `--record` is left out.

    Args:
        arguments: The script and what follows it.
        module: That `python -m` ran, if it did.
    """
    words = ["PATH" if Path(word).is_absolute() else word for word in arguments[1:] if word != "--record"]
    script = f"benchmarks/{arguments[0].rpartition('benchmarks/')[2]}"
    return " ".join(["python", *(["-m", module] if module else [script]), *words])


def facts_of_run(command: str, *, seconds: float, folder: Path) -> dict[str, Any]:
    """Return command, commit of the checkout in `folder`, duration, device and Python version."""
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
