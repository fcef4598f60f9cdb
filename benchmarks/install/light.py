"""What a light installation takes on disk, and how long it needs for one photograph from a cold start.

    python -m benchmarks.install.light PHOTOGRAPH [--before COMMIT] [--runs 15] [--record]

Each version is installed with `pip install` into a new environment, and the size of every package is added up from
its own list of files. Then `agelens predict PHOTOGRAPH` runs in both environments in turn.
"""

import argparse
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
    parser.add_argument("photograph", type=Path)
    parser.add_argument("--before", help="commit to compare with")
    parser.add_argument("--runs", type=int, default=15, help="cold starts of each version")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        commits = {"after": "HEAD"} | ({"before": asked.before} if asked.before else {})
        installed = {name: install(commit, Path(folder) / name) for name, commit in commits.items()}
        starts: dict[str, list[tuple[float, float]]] = {name: [] for name in installed}
        for number in range(asked.runs + 1):
            for name, environment in installed.items():
                seconds = cold_start(environment, asked.photograph.resolve())
                if number:  # the first run reads the files from disk
                    starts[name].append(seconds)
        content = {
            name: {"installation": sizes(environment), "cold_start": _describe(starts[name])}
            for name, environment in installed.items()
        }
    print(json.dumps(content, indent=2))
    write_result("install", content, seconds=time.perf_counter() - started, record=asked.record)


def install(commit: str, folder: Path) -> Path:
    """Install a commit of this checkout without extras and return the new environment."""
    tree, environment = folder / "tree", folder / "environment"
    tree.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    subprocess.run([environment / "bin/pip", "install", "--quiet", str(tree)], check=True, env=clean_environment())
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


def cold_start(environment: Path, photograph: Path) -> tuple[float, float]:
    """Return seconds, and seconds of processor time, of one command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [environment / "bin/agelens", "predict", str(photograph)],
        check=True,
        stdout=subprocess.DEVNULL,
        env=clean_environment(),
        cwd=environment,
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
