"""What a light installation takes on disk, how long one photograph takes from a cold start, and a whole folder.

    python -m benchmarks.install.light FOLDER ... [--before COMMIT] [--count 2000] [--runs 15] [--rounds 3] [--record]

This version, the same with the extra `opencv`, and the other one are installed with `pip install`, each into a new
environment. The size of every package is added up from its own list of files. Then `agelens predict` runs on one
photograph, and on the photographs of each folder, with the environments in turn. Ages are compared with those of this
version.
"""

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agelens.data_prep.core.images import find_images
from benchmarks.evidence import add_record_option, write_result

LARGEST = 10

SIZES = """
import json
from importlib.metadata import distributions
print(json.dumps({one.name: [one.version, sum(path.locate().stat().st_size for path in {*(one.files or ())}
    if path.locate().is_file())] for one in distributions()}))
"""


def main() -> None:
    """Install, measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--before", help="commit to compare with")
    parser.add_argument("--count", type=int, default=2000, help="photographs of a folder, evenly spread")
    parser.add_argument("--runs", type=int, default=15, help="cold starts of each version")
    parser.add_argument("--rounds", type=int, default=3, help="runs over each folder, of each version")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    sets = {folder.name: some_images(folder.resolve(), count=asked.count) for folder in asked.folders}
    with tempfile.TemporaryDirectory() as folder:
        versions = {"after": ("HEAD", ""), "with_opencv": ("HEAD", "[opencv]")}
        if asked.before:
            versions["before"] = (asked.before, "")
        installed = {
            name: install(commit, Path(folder) / name, extras=extras) for name, (commit, extras) in versions.items()
        }
        starts = _in_turn(installed, next(iter(sets.values()))[:1], times=asked.runs)
        content: dict[str, Any] = {
            name: {"installation": sizes(environment), "cold_start": _describe(starts[name]), "folders": {}}
            for name, environment in installed.items()
        }
        for place, photographs in sets.items():
            runs = _in_turn(installed, photographs, times=asked.rounds)
            ages = {name: read_ages(environment) for name, environment in installed.items()}
            for name in installed:
                content[name]["folders"][place] = {
                    **_rates(runs[name], photographs=len(photographs)),
                    "largest_age_difference": largest_difference(ages["after"], ages[name]),
                }
    print(json.dumps(content, indent=2))
    write_result("install", content, seconds=time.perf_counter() - started, record=asked.record)


def some_images(folder: Path, *, count: int) -> list[Path]:
    """Return at most `count` images of a folder, evenly spread."""
    images = find_images(folder)
    some = min(count, len(images))
    return [images[number * len(images) // some] for number in range(some)]


def install(commit: str, folder: Path, *, extras: str = "") -> Path:
    """Install a commit of this checkout, with extras such as `[opencv]`, and return the new environment."""
    tree, environment = folder / "tree", folder / "environment"
    tree.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    subprocess.run(
        [environment / "bin/pip", "install", "--quiet", f"{tree}{extras}"], check=True, env=clean_environment()
    )
    return environment


def sizes(environment: Path) -> dict[str, Any]:
    """Return megabytes of the environment, of what pip compiled in it, and of the largest packages."""
    files = [path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()]
    compiled = sum(path.stat().st_size for path in files if path.suffix == ".pyc")
    asked = subprocess.run(
        [environment / "bin/python", "-c", SIZES], check=True, capture_output=True, env=clean_environment()
    )
    listed: dict[str, tuple[str, int]] = json.loads(asked.stdout)
    return {
        "megabytes": round(sum(path.stat().st_size for path in files) / 1e6),
        "of_it_bytecode": round(compiled / 1e6),
        **summarise_sizes(listed),
    }


def summarise_sizes(listed: dict[str, tuple[str, int]]) -> dict[str, Any]:
    """Return number, largest sizes in megabytes and versions of packages, from version and bytes of each."""
    largest = sorted(listed, key=lambda name: -listed[name][1])[:LARGEST]
    return {
        "packages": len(listed),
        "largest": {name: round(listed[name][1] / 1e6, 1) for name in largest},
        "versions": {name: version for name, (version, _) in listed.items()},
    }


def _in_turn(
    installed: dict[str, Path], photographs: list[Path], *, times: int
) -> dict[str, list[tuple[float, float]]]:
    """Return seconds and processor seconds of each version; the first run, which reads files from disk, is left out."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in installed}
    for _ in range(times + 1):
        for name, environment in installed.items():
            runs[name].append(run(environment, photographs))
    return {name: found[1:] for name, found in runs.items()}


def run(environment: Path, photographs: list[Path]) -> tuple[float, float]:
    """Return seconds, and seconds of processor time, of one command, which writes `ages.csv` in the environment."""
    (environment / "ages.csv").unlink(missing_ok=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [environment / "bin/agelens", "predict", "-", "--csv", "ages.csv"],
        input="".join(f"{path}\n" for path in photographs).encode(),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
        cwd=environment,
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def read_ages(environment: Path) -> list[tuple[str, str, str]]:
    """Return path, number of the face and age of each row of the last run; the last two are empty without a face."""
    with (environment / "ages.csv").open(newline="", encoding="utf-8") as file:
        return [(row["path"], row["face"], row["age"]) for row in csv.DictReader(file)]


def largest_difference(one: list[tuple[str, str, str]], other: list[tuple[str, str, str]]) -> float | None:
    """Return the largest difference of an age between two versions; None if they found other faces."""
    if [row[:2] for row in one] != [row[:2] for row in other]:
        return None
    pairs = zip(one, other, strict=True)
    return round(max((abs(float(a[2]) - float(b[2])) for a, b in pairs if a[1]), default=0.0), 4)


def _rates(runs: list[tuple[float, float]], *, photographs: int) -> dict[str, Any]:
    return {
        "photographs": photographs,
        "photographs_per_second": [round(photographs / seconds, 1) for seconds, _ in runs],
        "processor_seconds_per_photograph": [round(used / photographs, 4) for _, used in runs],
    }


def _describe(runs: list[tuple[float, float]]) -> dict[str, Any]:
    seconds, processor = zip(*runs, strict=True)
    return {
        "runs": len(runs),
        "median_seconds": round(statistics.median(seconds), 2),
        "fastest_seconds": round(min(seconds), 2),
        "slowest_seconds": round(max(seconds), 2),
        "median_processor_seconds": round(statistics.median(processor), 2),
    }


def clean_environment() -> dict[str, str]:
    """Return the environment variables without those of Python, which could lead to other packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


if __name__ == "__main__":
    main()
