"""Kill every stage, damage every file that it reads, and fill its disk: what it does then, and after a second run.

    python -m benchmarks.faults.run [--seed 0] [--only WORD ...] [--record]

A project of 60 drawn faces is made, and every command runs undisturbed. Then each cell of the table starts from the
same files: the command is killed at random moments or before it renames a file, finds a damaged file, or a full disk.
It must end with the bytes of the undisturbed run, now or when it runs again, or refuse in one line that names the file
and the stage that writes it. The exit status is 1 if a cell is red.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agelens.data_prep.core.tables import SPLIT, read_table
from agelens.pipeline.config.paths import Paths
from benchmarks.evidence import add_record_option, write_result
from benchmarks.faults.artefacts import ALIKE, DRAW, PREDICT, Artefact, Command, Flow, find_artefacts, readers_of
from benchmarks.faults.cells import Cell, try_damage, try_kill
from benchmarks.faults.child import import_libraries
from benchmarks.faults.full_disk import reason_against, try_full_disk
from benchmarks.faults.project import FACES, Project, copy_of, make_project
from benchmarks.faults.undisturbed import PROCESSES, STAGE_COMMANDS, STATES, Made, Undisturbed, run_undisturbed
from tests.damage import DAMAGES

MOMENTS = 3
MEMORY = Path("/dev/shm")
"""A file system in memory, where fsync takes no time."""


@dataclass(frozen=True)
class Kill:
    """A command that is killed."""

    command: Command
    after: float | None = None
    before: int | None = None


@dataclass(frozen=True)
class Damage:
    """A command that finds a damaged artefact."""

    command: Command
    artefact: Artefact
    name: str
    stopped: bool = False


@dataclass(frozen=True)
class FullDisk:
    """A command whose disk is full."""

    command: Command


Task = Kill | Damage | FullDisk


@dataclass(frozen=True)
class Setting:
    """What the processes share: they are forked after it is made.

    Args:
        project: The project that is copied.
        made: The undisturbed runs.
        deadline: When no further task is started, on the clock of `time.monotonic`.
    """

    project: Project
    made: Made
    deadline: float


_SETTING: list[Setting] = []


def main() -> None:
    """Make the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which commands are killed")
    parser.add_argument("--only", nargs="*", default=[], help="words; a task must have one: a stage, a fault, a file")
    parser.add_argument("--minutes", type=float, default=28.0, help="after which no further cell is tried")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    deadline = time.monotonic() + 60 * asked.minutes
    import_libraries()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        project = make_project(Path(folder) / "made")
        made = run_undisturbed(project)
        _SETTING.append(Setting(project, made, deadline))
        print(f"undisturbed runs: {time.perf_counter() - started:.0f} s", flush=True)
        skipped = reason_against()
        tasks = tasks_of(project, made, seed=asked.seed, disks=not skipped)
        tasks = [task for task in tasks if _wanted(task, asked.only)]
        random.Random(asked.seed).shuffle(tasks)  # where the time does not suffice, some of each kind are tried
        found = list(run_tasks(tasks))
    cells = sorted((cell for cell in found if cell is not None), key=_place)
    left = sum(cell is None for cell in found)
    content = {"faces": FACES, "seed": asked.seed, "skipped": skipped, "left": left, **summary_of(cells, made)}
    write_result("faults", content, seconds=time.perf_counter() - started, record=asked.record)
    sys.exit(1 if content["red"] else 0)


def tasks_of(project: Project, made: Made, *, seed: int, disks: bool) -> list[Task]:
    """Return everything that is tried."""
    return [*_kills(made, seed), *_damages(project, made), *(FullDisk(command) for command in made.first if disks)]


def _kills(made: Made, seed: int) -> Iterator[Kill]:
    choose = random.Random(seed)
    for command in STAGE_COMMANDS:
        ran = made.first[command].ran
        for _ in range(MOMENTS):
            yield Kill(command, after=choose.uniform(0, ran.seconds))
        for number in _different(ran.renamed):
            yield Kill(command, before=number)


def _different(names: tuple[str, ...]) -> list[int]:
    """Return the numbers of the renames, of files that are alike only the first and the last."""
    kinds: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        kind = next((pattern for pattern in ALIKE if Path(name).match(pattern)), name)
        kinds.setdefault(kind, []).append(number)
    return sorted({number for found in kinds.values() for number in (found[0], found[-1])})


def _damages(project: Project, made: Made) -> Iterator[Damage]:
    flow = Flow(project.root)
    opened = {command: undisturbed.ran.opened for command, undisturbed in made.repeated.items()}
    finished = next(iter(made.repeated.values())).base
    project.set_to(finished)
    shown = {"data/crops/*/*/*.jpg": _crops(Paths(project.root))}
    for artefact in find_artefacts(sorted(finished), flow, shown=shown):
        for command in readers_of(artefact, flow, opened):
            yield from (Damage(command, artefact, name) for name in DAMAGES)
    for command, folder in STATES.items():
        own = [path for path in sorted(made.stopped[command].base) if path.is_relative_to(folder)]
        for artefact in find_artefacts(own, flow, shown={}):
            yield from (Damage(command, artefact, name, stopped=True) for name in DAMAGES)


def _crops(paths: Paths) -> list[Path]:
    """Return one crop of each split, so that every stage that reads crops finds one."""
    splits = (paths.split_train, paths.split_val, paths.split_test)
    return [Path("data/crops") / str(read_table(path, SPLIT)["crop"].iloc[0]) for path in splits]


def _wanted(task: Task, words: list[str]) -> bool:
    return not words or any(word in str(task) for word in words)


def run_tasks(tasks: list[Task]) -> Iterator[Cell | None]:
    """Run tasks in two processes, and print the red cells as they are found; yield None for each task that is left."""
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(PROCESSES, mp_context=fork) as pool:
        for number, cells in enumerate(pool.map(_run_task, tasks), start=1):
            for cell in cells:
                if cell is not None and cell.outcome in ("wrong", "valid"):
                    name = f"{cell.outcome}: {cell.fault}, {_name(cell.command)}, {cell.target}"
                    print(f"{name}: {cell.detail}", flush=True)
                yield cell
            if not number % 100:
                print(f"{number} of {len(tasks)}", flush=True)


def _run_task(task: Task) -> Sequence[Cell | None]:
    setting = _SETTING[0]
    if time.monotonic() > setting.deadline:
        return [None]
    first = setting.made.first
    if isinstance(task, FullDisk):
        folder = setting.project.root.with_name(f"disk-{os.getpid()}")
        return try_full_disk(setting.project, folder, task.command, first[task.command])
    project = copy_of(setting.project)
    if isinstance(task, Kill):
        return [try_kill(project, task.command, first[task.command], after=task.after, before=task.before)]
    runs = setting.made.stopped if task.stopped else setting.made.repeated
    damage = (task.name, DAMAGES[task.name])
    return [try_damage(project, task.command, runs[task.command], artefact=task.artefact, damage=damage)]


def summary_of(cells: list[Cell], made: Made) -> dict[str, Any]:
    """Return the number of outcomes by command and fault, those of each artefact, and every red cell."""
    stages: dict[str, dict[str, dict[str, int]]] = {}
    artefacts: dict[str, dict[str, dict[str, int]]] = {}
    for cell in cells:
        places = [stages.setdefault(_name(cell.command), {})]
        if cell.fault in DAMAGES:
            places.append(artefacts.setdefault(cell.target, {}))
        for place in places:
            counts = place.setdefault(cell.fault, {})
            counts[cell.outcome] = counts.get(cell.outcome, 0) + 1
    runs: list[Undisturbed] = [*made.first.values(), *made.repeated.values(), *made.stopped.values()]
    return {
        "cells": len(cells),
        "stages": stages,
        "artefacts": dict(sorted(artefacts.items())),
        "red": [_described(cell) for cell in cells if cell.outcome == "wrong"],
        "valid": [_described(cell) for cell in cells if cell.outcome == "valid"],
        "not_repeatable": sorted({name for run in runs for name in run.changing}),
    }


def _place(cell: Cell) -> tuple[int, str, str, str]:
    """Return the position of a cell in the table."""
    commands = [*STAGE_COMMANDS, ("summary",), PREDICT, DRAW]
    return commands.index(cell.command), cell.target, cell.fault, cell.detail


def _described(cell: Cell) -> dict[str, str]:
    return {"fault": cell.fault, "command": _name(cell.command), "target": cell.target, "detail": cell.detail}


def _name(command: Command) -> str:
    names = {PREDICT: "predict --csv", DRAW: "predict --draw"}
    return names.get(command, command[-1])


if __name__ == "__main__":
    main()
