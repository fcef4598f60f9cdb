"""Speed and memory of `agelens predict` over a folder of photographs, as a whole command.

    python -m benchmarks.prediction.predict FOLDER [--count 2000] [--rounds 3] [--name NAME] [--record]

Each round runs the command on the same photographs, once with the settings of the model and once with --batch 1, which
predicts file by file. Photographs per second include the start of the command. The cold start is the command on one
photograph. Ages of both are compared.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from benchmarks.evidence import add_record_option, write_result
from benchmarks.install.light import some_images


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--name", help="of the result; default: that of the folder")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    files = some_images(asked.folder, count=asked.count)
    content = {"photographs": len(files), **measure(files, rounds=asked.rounds)}
    print(content)
    name = f"predict_{asked.name or asked.folder.name}"
    write_result(name, content, seconds=time.perf_counter() - started, record=asked.record)


def measure(files: list[Path], *, rounds: int) -> dict[str, Any]:
    """Return rates, memory, cold start and the largest difference between single and batched ages."""
    with tempfile.TemporaryDirectory() as folder:
        batched, single = Path(folder) / "batched.csv", Path(folder) / "single.csv"
        fast = [run(files, batched) for _ in range(rounds)]
        slow = [run(files, single, "--batch", "1") for _ in range(rounds)]
        cold = [run(files[:1], Path(folder) / f"{number}.csv")[0] for number in range(5)]
        ages = [pd.read_csv(path)["age"] for path in (batched, single)]
    return {
        "photographs_per_second": [round(len(files) / seconds, 1) for seconds, _ in fast],
        "photographs_per_second_one_by_one": [round(len(files) / seconds, 1) for seconds, _ in slow],
        "peak_memory_mb": round(max(peak for _, peak in fast) / 1e6),
        "cold_start_seconds": round(statistics.median(cold), 2),
        "largest_age_difference": round(float((ages[0] - ages[1]).abs().max()), 3),
    }


def run(files: list[Path], table: Path, *options: str) -> tuple[float, int]:
    """Return seconds and peak memory in bytes of one command."""
    table.unlink(missing_ok=True)
    words = [sys.executable, "-m", "agelens", "predict", "-", "--csv", str(table), *options]
    started = time.perf_counter()
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        process.stdin.write("".join(f"{path}\n" for path in files).encode())
        process.stdin.close()
        watched, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.Error:
                break
            time.sleep(0.02)
    return time.perf_counter() - started, peak


if __name__ == "__main__":
    main()
