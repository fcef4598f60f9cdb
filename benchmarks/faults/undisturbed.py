"""What commands write if nothing disturbs them: the files before each of them, and the results that are expected."""

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from agelens.data_prep.core.atomic import TEMPORARY_PREFIX
from agelens.pipeline.stages import STAGES
from benchmarks.faults.artefacts import COMMANDS, DRAW, PREDICT, Command
from benchmarks.faults.child import Ran
from benchmarks.faults.project import Contents, Project, copy_of

REPETITIONS = 2

PROCESSES = 2

STAGE_COMMANDS: tuple[Command, ...] = tuple(("run", stage) for stage in STAGES)


@dataclass(frozen=True)
class Undisturbed:
    """A command that ran from some files to its end.

    Args:
        base: The files before it.
        state: The hashes of the files after it.
        changing: The files that differ between two such runs, which no comparison includes.
        ran: The process.
    """

    base: Contents
    state: Mapping[str, str]
    changing: frozenset[str]
    ran: Ran

    def differences(self, state: Mapping[str, str]) -> set[str]:
        """Return the names of the files that are not as expected."""
        names = state.keys() | self.state.keys()
        return {name for name in names if state.get(name) != self.state.get(name)} - self.changing


@dataclass(frozen=True)
class Made:
    """All undisturbed runs.

    Args:
        first: Of each stage, and of `agelens predict`, on what the stages before it wrote.
        repeated: Of each command in a project in which all stages have run.
        stopped: Of `train` and `tune` after they were killed before their end.
    """

    first: Mapping[Command, Undisturbed]
    repeated: Mapping[Command, Undisturbed]
    stopped: Mapping[Command, Undisturbed]


STATES: Mapping[Command, str] = {("run", "tune"): "data/tune", ("run", "train"): "data/train_state"}
"""The folders from which commands resume, and which a finished pipeline does not have."""


def run_undisturbed(project: Project) -> Made:
    """Run everything as often as is needed.

    Raises:
        RuntimeError: A command fails, although nothing disturbs it.
    """
    first = {command: repeat(project, project.contents(), command) for command in STAGE_COMMANDS}
    finished = project.contents()
    first |= {command: repeat(project, finished, command) for command in (PREDICT, DRAW)}
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
        runs = pool.map(partial(_repeat_in_copy, project, finished), COMMANDS)
        repeated = {command: replace(run, base=finished) for command, run in zip(COMMANDS, runs, strict=True)}
    stopped = {
        command: repeat(project, _stop(project, first[command], command, folder), command)
        for command, folder in STATES.items()
    }
    return Made(first, repeated, stopped)


def repeat(project: Project, base: Contents, command: Command) -> Undisturbed:
    """Run a command several times from the same files.

    Raises:
        RuntimeError: It fails.
    """
    states = []
    for _ in range(REPETITIONS):
        project.set_to(base)
        ran = project.run(command)
        if ran.status:
            msg = f"agelens {' '.join(command)} must succeed where nothing disturbs it: {ran.errors[-2000:]}"
            raise RuntimeError(msg)
        states.append(project.state())
    names = states[0].keys() | states[1].keys()
    changing = frozenset(name for name in names if states[0].get(name) != states[1].get(name))
    return Undisturbed(base, states[0], changing, ran)


def _repeat_in_copy(project: Project, base: Contents, command: Command) -> Undisturbed:
    return replace(repeat(copy_of(project), base, command), base={})


def _stop(project: Project, undisturbed: Undisturbed, command: Command, folder: str) -> Contents:
    """Return the files of a command that was killed after two thirds of the writes to its state."""
    own = [number for number, name in enumerate(undisturbed.ran.renamed) if Path(name).is_relative_to(folder)]
    project.set_to(undisturbed.base)
    project.run(command, kill_before=own[2 * len(own) // 3])
    return {path: content for path, content in project.contents().items() if TEMPORARY_PREFIX not in path.name}
