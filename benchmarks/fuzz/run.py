"""Give randomly changed images, model cards and tables to agelens for a limited time; a fault is saved and fails.

    python -m benchmarks.fuzz.run [--seconds 60] [--seed 0] [--corpus tests/corpus] [--record]

A fault is a crash of the process, an answer that takes too long, an error that is not expected, or an impossible
prediction. The file goes to the corpus, which tests/properties/test_corpus.py replays. Equal seeds give equal files.
"""

import argparse
import collections
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.evidence import add_record_option, write_result
from benchmarks.fuzz.mutate import mutate, seed_images, seed_texts

BATCH = 300
"""Files of one process."""

MOST_SECONDS = 120
"""Of one batch; a healthy one takes a few."""


def main() -> None:
    """Fuzz and exit with status 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, default=Path("tests/corpus"))
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    outcomes: collections.Counter[str] = collections.Counter()
    faults: dict[str, str] = {}
    for number in range(10**9):
        if time.perf_counter() - started > asked.seconds:
            break
        with tempfile.TemporaryDirectory(prefix="agelens-fuzz-") as folder:
            files = write_batch(Path(folder), rng=np.random.default_rng([asked.seed, number]))
            for file, outcome in run_batch(files):
                if outcome.startswith("fault"):
                    saved = save(file, asked.corpus, name=f"{asked.seed}_{number}_{file.name}")
                    faults[saved.name] = outcome
                    print(f"{saved}: {outcome}", file=sys.stderr)
                outcomes[outcome.partition(":")[0]] += 1
        print(dict(outcomes))
    content = {"files": outcomes.total(), "outcomes": dict(sorted(outcomes.items())), "faults": faults}
    write_result("fuzz", content, seconds=time.perf_counter() - started, record=asked.record)
    sys.exit(1 if faults else 0)


def write_batch(folder: Path, *, rng: np.random.Generator) -> list[Path]:
    """Write changed files and return them."""
    seeds = {**seed_images(), **seed_texts()}
    names, contents = list(seeds), list(seeds.values())
    files = []
    for number in range(BATCH):
        name = names[int(rng.integers(0, len(names)))]
        path = folder / f"{number:03d}_{name}"
        path.write_bytes(mutate(seeds[name], contents, rng))
        files.append(path)
    return files


def run_batch(files: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each file with its outcome; a process that dies is replaced, and its last file is a fault."""
    left = list(files)
    while left:
        outcomes, begun, problem = _run_process(left)
        for file in left[: len(outcomes)]:
            yield file, outcomes[file.name]
        left = left[len(outcomes) :]
        if problem and left:
            culprit = left.pop(0) if begun == left[0].name else None
            if culprit is None:
                msg = f"the process failed before its first file: {problem}"
                raise RuntimeError(msg)
            yield culprit, f"fault: {problem}"


def _run_process(files: list[Path]) -> tuple[dict[str, str], str, str]:
    """Return the outcomes, the last file that was begun, and why the process ended early, if it did."""
    command = [sys.executable, "-m", "benchmarks.fuzz.targets"]
    names = "".join(f"{file}\n" for file in files)
    try:
        ran = subprocess.run(command, input=names, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
        output, problem = ran.stdout, f"status {ran.returncode}: {ran.stderr[-300:]}" if ran.returncode else ""
    except subprocess.TimeoutExpired as error:
        output, problem = (error.stdout or b"").decode(), f"no answer in {MOST_SECONDS} s"
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    begun = [line["begins"] for line in lines if "begins" in line]
    return {line["file"]: line["outcome"] for line in lines if "file" in line}, begun[-1] if begun else "", problem


def save(file: Path, corpus: Path, *, name: str) -> Path:
    """Copy a file to the corpus."""
    corpus.mkdir(parents=True, exist_ok=True)
    path = corpus / name
    path.write_bytes(file.read_bytes())
    return path


if __name__ == "__main__":
    main()
