"""What a command does about a fault: one cell of the table."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agelens.data_prep.core.atomic import TEMPORARY_PREFIX
from benchmarks.faults.artefacts import Artefact, Command
from benchmarks.faults.child import Ran
from benchmarks.faults.project import Project
from benchmarks.faults.undisturbed import Undisturbed

Outcome = Literal["resumed", "finished", "rebuilt", "refused", "unused", "valid", "wrong"]

ADVICE = re.compile(r"`(?:dvc repro|agelens(?: run)?) (\w+)")

FILE = re.compile(r"\b(?:data|reports|weights)/\w+")

DETAIL_LENGTH = 400

FULL = re.compile("disk is full|No space left on device|needs .* GB in .* where .* GB are free")


@dataclass(frozen=True)
class Cell:
    """What a command did about a fault.

    Args:
        fault: The kind of fault.
        command: The command.
        target: The damaged files, the file whose rename did not happen, the moment, or the space.
        outcome: `resumed`: killed, and the next run ended with the expected bytes; `finished`: the command ended before
            it was killed, or needed no more space; `rebuilt`: the results are as expected, and the file is whole again;
            `refused`: one line names the file, or one that was made from it, and a stage whose `dvc repro` writes it
            again; or the full disk, and the next run ended with the expected bytes; `unused`: the results are as
            expected, and the file is still damaged; `valid`: the damaged file is a valid one with other values, which
            DVC finds by its hash; `wrong`: anything else.
        detail: The line of a refusal, or what is wrong.
    """

    fault: str
    command: Command
    target: str
    outcome: Outcome
    detail: str = ""


def try_kill(
    project: Project, command: Command, undisturbed: Undisturbed, *, after: float | None, before: int | None
) -> Cell:
    """Kill a command after some seconds or before a rename, run it again, and compare the results."""
    project.set_to(undisturbed.base)
    if before is None:
        fault, target = "killed at random", f"after {after:.2f} s"
    else:
        fault, target = "killed before a rename", undisturbed.ran.renamed[before]
    killed = project.run(command, kill_after=after, kill_before=before)
    if not killed.killed and killed.status:
        return Cell(fault, command, target, "wrong", _end(killed))
    wrong = _wrong_again(project, command, undisturbed)
    return Cell(fault, command, target, "wrong" if wrong else "resumed" if killed.killed else "finished", wrong)


def try_damage(
    project: Project,
    command: Command,
    undisturbed: Undisturbed,
    *,
    artefact: Artefact,
    damage: tuple[str, Callable[[bytes], bytes]],
) -> Cell:
    """Damage an artefact, run a command, and compare the results.

    Args:
        project: Where it runs.
        command: What is run.
        undisturbed: The same without damage.
        artefact: What is damaged.
        damage: Its name, and a function from the content of a file to another one.
    """
    name, change = damage
    damaged = {path: change(undisturbed.base[path]) for path in artefact.files}
    project.set_to({**undisturbed.base, **damaged})
    ran = project.run(command)
    if ran.status:
        outcome, detail = _refusal(ran, artefact)
    else:
        outcome, detail = _success(project, undisturbed, artefact, damaged)
    return Cell(name, command, artefact.name, outcome, detail)


def _refusal(ran: Ran, artefact: Artefact) -> tuple[Outcome, str]:
    line = refusal_of(ran)
    if line is None:
        return "wrong", _end(ran)
    advised = artefact.repaired_by.intersection(ADVICE.findall(line))
    return ("refused" if advised and FILE.search(line) else "wrong"), line


def _success(
    project: Project, undisturbed: Undisturbed, artefact: Artefact, damaged: dict[Path, bytes]
) -> tuple[Outcome, str]:
    left = [path for path, content in damaged.items() if _has(project.root / path, content)]
    own = {path.as_posix() for path in damaged} if left else set()
    if others := undisturbed.differences(project.state()) - own:
        return ("valid" if left and artefact.output else "wrong"), _differing(others)
    return ("unused" if left else "rebuilt"), ""


def _has(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def refusal_of(ran: Ran) -> str | None:
    """Return the one line of an expected error; None if the command ended in another way."""
    lines = [line for line in ran.errors.splitlines() if line.startswith("agelens: ")]
    return lines[0] if ran.status == 1 and len(lines) == 1 and "Traceback" not in ran.errors else None


def cell_of_disk(project: Project, command: Command, undisturbed: Undisturbed, ran: Ran, *, target: str) -> Cell:
    """Return the cell of a command that ran on a full disk, which has space again."""
    line = refusal_of(ran)
    if ran.status and (line is None or not FULL.search(line)):
        return Cell("full disk", command, target, "wrong", _end(ran))
    wrong = _wrong_again(project, command, undisturbed)
    outcome: Outcome = "wrong" if wrong else "refused" if ran.status else "finished"
    return Cell("full disk", command, target, outcome, wrong or line or "")


def _wrong_again(project: Project, command: Command, undisturbed: Undisturbed) -> str:
    """Run a command again; return what is wrong then, or nothing."""
    again = project.run(command)
    if again.status:
        return f"again: {_end(again)}"
    if left := [path.as_posix() for path in project.files() if path.name.startswith(TEMPORARY_PREFIX)]:
        return f"left: {', '.join(left)}"
    others = undisturbed.differences(project.state())
    return _differing(others) if others else ""


def _differing(names: set[str]) -> str:
    return f"differs: {', '.join(sorted(names))}"[:DETAIL_LENGTH]


def _end(ran: Ran) -> str:
    lines = [line for line in ran.errors.splitlines() if line.strip()]
    return f"status {ran.status}: {' / '.join(lines[-4:])}"[-DETAIL_LENGTH:]
