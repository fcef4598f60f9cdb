"""How many small faults of the pure modules the tests notice: a mutation score.

Each mutant is one change of one module (`mutations.py`), or one fault that the tests once overlooked
(`known_mutants.py`); it is killed if a test that mirrors the module fails. A sample is drawn by a seed. Everything runs
on a copy of the tree in a temporary folder, so that no mutated file is ever left in the project.
Usage: `python benchmarks/mutation/mutants.py --help`.

mutmut 3.8 and cosmic-ray 8.7 were tried first. mutmut names a module after its path, so it finds no test of a package
that setuptools maps to another folder, and it changes no constant of a module. cosmic-ray makes 248 mutants of the 39
lines of `data_prep/core/boxes.py`, needs 5 seconds for each, and leaves the last one in the tree when it is stopped.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from known_mutants import KNOWN, is_tolerated
from mutations import find_mutations

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("data_prep", "models", "pipeline", "tuning", "weights")

MODULES = (
    "data_prep/core/*.py",
    "data_prep/core/decoding/*.py",
    "data_prep/splits/*.py",
    "data_prep/faces/crop.py",
    "data_prep/batches/augment.py",
    "models/calibration/*.py",
    "models/evaluation/*.py",
    "models/training/losses.py",
    "models/training/objective.py",
    "models/training/history.py",
    "tuning/budget.py",
    "tuning/space.py",
    "tuning/importance.py",
    "tuning/recipe.py",
    "tuning/results.py",
    "pipeline/config/fingerprints.py",
    "pipeline/config/code_hashes.py",
)
"""Modules that compute and leave disk, network and processes to others, as globs."""

TESTED_ELSEWHERE = {
    "data_prep/core/labels.py": ("tests/data_prep/readers/test_table.py",),
    "models/calibration/age_bands.py": ("tests/models/calibration", "tests/models/evaluation/test_metrics.py"),
}
"""Tests that notice faults of a module beside the test files of its name."""

PRELOADED = ["cv2", "pandas", "PIL.Image", "pytest", "tensorflow", "keras", "openvino"]
"""Imported once by the process that all test runs are forked from: it makes a run 5 to 20 times as fast."""

PYTEST_OPTIONS = [
    *("-x", "-q", "-m", "not slow", "--assert=plain"),
    *("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception"),
]
"""Stop at the first failure and spend no time on what only a reader of the output needs."""

PYTEST_FINISHED = 100
"""Added to pytest's exit code, so that it differs from that of a process that failed before or after pytest."""

OUTCOMES = {100: "survived", 101: "killed", 102: "killed", 104: "killed"}
"""By exit code: all tests passed, one failed, or a test file or conftest.py could not be imported."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Args:
        file: Path in the project.
        line: Counted from 1.
        old: The text before.
        new: The text after.
        source: The whole mutated file.
        tests: Paths of the tests that should notice.
    """

    file: str
    line: int
    old: str
    new: str
    source: bytes
    tests: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return where the mutant is and what it changes."""
        return {"at": f"{self.file}:{self.line}", "old": self.old, "new": self.new}


def main() -> None:
    """Run the known mutants and a sample, print the survivors, and write the score."""
    asked = _arguments()
    started = time.perf_counter()
    known = [] if asked.modules else known_mutants()
    mutants = known + ([] if asked.known else draw_mutants(asked.modules, count=asked.count, seed=asked.seed))
    with tempfile.TemporaryDirectory(prefix="agelens-mutants-") as folder:
        outcomes = run_mutants(mutants, tree=copy_tree(Path(folder) / "tree"))
    kinds = {"known": mutants[: len(known)], "generated": mutants[len(known) :]}
    rest = iter(outcomes)
    result = {kind: summarise(each, [next(rest) for _ in each]) for kind, each in kinds.items() if each}
    for kind, summary in result.items():
        print(f"{kind}: {summary['score']:.1%} of {summary['mutants']} mutants were killed")
    # Not at the top: it imports agelens, and processes that run tests must import that from the copy of the tree.
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from evidence import write_result  # noqa: PLC0415

    write_result("mutants", {"seed": asked.seed, **result}, seconds=time.perf_counter() - started, record=asked.record)
    if "known" in result and result["known"]["survivors"]:
        sys.exit("A known mutant survived: a test that noticed it is gone.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("modules", nargs="*", help="only mutants of these files; the default is all pure modules")
    parser.add_argument("--count", type=int, default=150, help="how many generated mutants at most")
    parser.add_argument("--known", action="store_true", help="only the known mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--record", action="store_true", help="write to benchmarks/results/, not reports/benchmarks/")
    return parser.parse_args()


def draw_mutants(modules: Sequence[str], *, count: int, seed: int) -> list[Mutant]:
    """Return a sample of the mutants of some modules, in the order of files and lines."""
    paths = [ROOT / name for name in modules] or [path for pattern in MODULES for path in ROOT.glob(pattern)]
    mutants = [
        Mutant(file, mutation.line, mutation.old, mutation.new, mutation.apply(source), mirrored_tests(file))
        for file, source in ((path.resolve().relative_to(ROOT).as_posix(), path.read_bytes()) for path in sorted(paths))
        for mutation in find_mutations(source)
        if not is_tolerated(file, source, mutation)
    ]
    drawn = random.Random(seed).sample(range(len(mutants)), min(count, len(mutants)))
    return [mutants[number] for number in sorted(drawn)]


def known_mutants() -> list[Mutant]:
    """Return the faults that the tests once overlooked.

    Raises:
        ValueError: The text of one is not found once in its file: the list must follow the code.
    """
    mutants = []
    for known in KNOWN:
        source = (ROOT / known.file).read_text()
        if source.count(known.old) != 1:
            msg = f"{known.file} must hold {known.old!r} once, as benchmarks/mutation/known_mutants.py says."
            raise ValueError(msg)
        line = source[: source.index(known.old)].count("\n") + 1
        changed = source.replace(known.old, known.new).encode()
        mutants.append(
            Mutant(known.file, line, known.old, known.new, changed, known.tests or mirrored_tests(known.file))
        )
    return mutants


def mirrored_tests(file: str) -> tuple[str, ...]:
    """Return the test files of a module's name and of `TESTED_ELSEWHERE`, or the folder of its room without any."""
    path = Path(file)
    folder = Path("tests") / path.parent
    found = [test.relative_to(ROOT).as_posix() for test in sorted((ROOT / folder).glob(f"test_{path.stem}*.py"))]
    return (*found, *TESTED_ELSEWHERE.get(file, ())) or (folder.as_posix(),)


def copy_tree(folder: Path) -> Path:
    """Copy all files that git knows or could add, and link the packages into `agelens`, where imports find them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for package in PACKAGES:
        (folder / "agelens" / package).symlink_to(f"../{package}")
    return folder


def run_mutants(mutants: Sequence[Mutant], *, tree: Path) -> list[str]:
    """Run the tests of each mutant in a copy of the tree; return what became of each.

    Raises:
        RuntimeError: The tests of a module fail without any mutation.
    """
    os.environ.update(
        PYTHONPATH=str(tree),
        PYTHONDONTWRITEBYTECODE="1",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    limits: dict[str, float] = {}
    outcomes = []
    for number, mutant in enumerate(mutants, start=1):

        def run(source: bytes, *, limit: float, mutant: Mutant = mutant) -> str:
            (tree / mutant.file).write_bytes(source)
            return run_tests(mutant.tests, tree=tree, context=context, limit=limit)

        original = (tree / mutant.file).read_bytes()
        if mutant.file not in limits:
            started = time.perf_counter()
            if run(original, limit=600) != "survived" or run(b"1 / 0", limit=600) == "survived":
                said = (tree.parent / "output.txt").read_text()[-2000:]
                msg = f"{mutant.tests} must pass, and fail when {mutant.file} cannot be imported. Received: {said}"
                raise RuntimeError(msg)
            limits[mutant.file] = 20 + 3 * (time.perf_counter() - started)
        outcomes.append(run(mutant.source, limit=limits[mutant.file]))
        (tree / mutant.file).write_bytes(original)
        print(f"{number}/{len(mutants)} {outcomes[-1]} {mutant.file}:{mutant.line}: {mutant.old} -> {mutant.new}")
    return outcomes


def run_tests(tests: Sequence[str], *, tree: Path, context: Any, limit: float) -> str:
    """Run tests in a process of its own and return `survived`, `killed`, `timeout` or `crashed`.

    Raises:
        RuntimeError: Pytest could not run.
    """
    process = context.Process(target=_run_pytest, args=(list(tests), tree))
    process.start()
    process.join(limit)
    if process.is_alive():
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return "timeout"
    if process.exitcode < 0:  # ended by a signal: a mutant may crash the interpreter
        return "crashed"
    if process.exitcode not in OUTCOMES:
        msg = f"The tests of a mutant must run. Received: exit code {process.exitcode} of {' '.join(tests)}."
        raise RuntimeError(msg)
    return OUTCOMES[process.exitcode]


def _run_pytest(tests: list[str], tree: Path) -> None:
    import pytest  # noqa: PLC0415 - the process that forks has it

    os.setsid()
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    sys.dont_write_bytecode = True
    with (tree.parent / "output.txt").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        code = pytest.main([*PYTEST_OPTIONS, f"--basetemp={tree.parent / 'temporary'}", *tests])
    os._exit(PYTEST_FINISHED + code)


def summarise(mutants: Sequence[Mutant], outcomes: Sequence[str]) -> dict[str, Any]:
    """Return the score, the share of killed mutants, and the survivors."""
    survivors = [mutant.to_json() for mutant, outcome in zip(mutants, outcomes, strict=True) if outcome == "survived"]
    return {
        "mutants": len(mutants),
        "score": round(1 - len(survivors) / len(mutants), 3),
        "timeouts": outcomes.count("timeout"),
        "crashes": outcomes.count("crashed"),
        "survivors": survivors,
    }


if __name__ == "__main__":
    main()
