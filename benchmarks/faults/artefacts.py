"""Which files the pipeline writes, and which commands read each of them: from dvc.yaml, and from what they open."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agelens.pipeline.stages import STAGES

Command = tuple[str, ...]
"""The words after `agelens`."""

PREDICT: Command = ("predict", "raw", "--model", "weights/exported", "--csv", "reports/predicted.csv")
DRAW: Command = ("predict", "raw", "--model", "weights/exported", "--draw", "reports/drawn")

COMMANDS: tuple[Command, ...] = (*(("run", stage) for stage in STAGES), ("summary",), PREDICT)
"""The commands that read what stages have written."""

RESUMED_BY: Mapping[str, Command] = {
    "data/crops_journal.jsonl": ("run", "crop_faces"),
    "data/train_state": ("run", "train"),
    "data/tune": ("run", "tune"),
    "data/compared_runs": ("run", "report"),
}
"""Files of a command's own, which DVC does not know."""

ALIKE = (
    "data/crops/*/*/*.jpg",
    "data/features/train/view_*.npz",
    "data/train_state/trunk/train/view_*.npy",
    "data/tune/*/oracle.json",
    "data/tune/*/retrained.json",
    "data/tune/*/seconds.json",
    "data/tune/*/tuner.json",
    "data/tune/*/finished.json",
    "data/tune/*/trial_*/trial.json",
    "data/tune/*/trial_*/epochs.json",
    "data/tune/*/trial_*/build_config.json",
    "data/tune/*/trial_*/checkpoint.weights.h5",
    "reports/crop_faces/rejected_*.png",
    "reports/report/*.png",
    "reports/eda/tables/*.csv",
)
"""Files of one kind: the first of them is damaged, or those that are chosen."""

NO_ARTEFACTS = ("weights/embedded", "data/.lock", "data/.lock.pid", "reports/predicted.csv")
"""Files that no stage writes, or that hold nothing."""


@dataclass(frozen=True)
class Artefact:
    """Files of one kind.

    Args:
        name: Their path, or a pattern of their paths.
        files: Those that are damaged.
        writer: The command that writes them.
        output: Whether DVC knows them as an output of a stage.
        repaired_by: The stages whose `dvc repro` writes them again: their own, and those that depend on it.
    """

    name: str
    files: tuple[Path, ...]
    writer: Command
    output: bool
    repaired_by: frozenset[str]


class Flow:
    """The stages of dvc.yaml.

    Args:
        root: Folder of dvc.yaml.
    """

    def __init__(self, root: Path) -> None:
        self.stages: dict[str, Any] = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]

    def writer(self, path: Path) -> Command | None:
        """Return the stage of which a file is an output."""
        return next((("run", name) for name in STAGES if _covers(self.stages[name]["outs"], path)), None)

    def downstream(self, stage: str) -> frozenset[str]:
        """Return a stage and all stages that depend on its outputs, also through other stages."""
        found = {stage}
        for name in STAGES:
            outputs = [Path(_name(output)) for other in found for output in self.stages[other]["outs"]]
            if any(_covers(self.stages[name]["deps"], output) for output in outputs):
                found.add(name)
        return frozenset(found)

    def readers(self, path: Path) -> list[Command]:
        """Return the stages that depend on a file."""
        return [("run", name) for name in STAGES if _covers(self.stages[name]["deps"], path)]


def find_artefacts(files: Sequence[Path], flow: Flow, *, shown: Mapping[str, Sequence[Path]]) -> list[Artefact]:
    """Return what the files below a project are.

    Args:
        files: Relative to the project.
        flow: Its stages.
        shown: For some patterns of `ALIKE`, the files that are damaged; else it is the first.

    Raises:
        LookupError: No command is known that writes a file.
    """
    groups: dict[str, list[Path]] = {}
    for path in files:
        if not any(path.as_posix() == other or path.is_relative_to(other) for other in NO_ARTEFACTS):
            name = next((pattern for pattern in ALIKE if path.match(pattern)), path.as_posix())
            groups.setdefault(name, []).append(path)
    return [_artefact(name, tuple(shown.get(name, found[:1])), flow) for name, found in groups.items()]


def _artefact(name: str, files: tuple[Path, ...], flow: Flow) -> Artefact:
    if stage := flow.writer(files[0]):
        return Artefact(name, files, stage, output=True, repaired_by=flow.downstream(stage[1]))
    own = next((command for place, command in RESUMED_BY.items() if files[0].is_relative_to(place)), None)
    if own is None:
        msg = f"No command is known that writes {name}."
        raise LookupError(msg)
    return Artefact(name, files, own, output=False, repaired_by=frozenset(own))


def readers_of(artefact: Artefact, flow: Flow, opened: Mapping[Command, Set[Path]]) -> list[Command]:
    """Return the commands that read an artefact, in the order of the pipeline.

    Args:
        artefact: The files.
        flow: The stages.
        opened: The files that each command has opened.
    """
    found = {command for command, paths in opened.items() if paths & set(artefact.files)}
    for path in artefact.files:
        found |= set(flow.readers(path))
    if not artefact.output:
        found.add(artefact.writer)
    return [command for command in COMMANDS if command in found]


def _covers(entries: Sequence[Any], path: Path) -> bool:
    return any(path.is_relative_to(_name(entry)) for entry in entries)


def _name(entry: Any) -> str:
    return str(next(iter(entry)) if isinstance(entry, dict) else entry)
