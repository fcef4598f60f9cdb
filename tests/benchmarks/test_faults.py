"""The table of faults: what a command did is classified by hand-made results, and shown with every red cell."""

from pathlib import Path

import pytest

from benchmarks.faults import page
from benchmarks.faults.artefacts import Artefact, Flow, find_artefacts, readers_of
from benchmarks.faults.cells import Cell, cell_of_disk, refusal_of, try_damage, try_kill
from benchmarks.faults.child import TRACEBACK_STATUS, Ran
from benchmarks.faults.project import Project
from benchmarks.faults.undisturbed import Undisturbed
from tests.locations import ROOT

COMMAND = ("run", "split")
FILE = Path("data/grouped.csv")
TABLE = Artefact(FILE.as_posix(), (FILE,), ("run", "deduplicate"), True, frozenset({"deduplicate", "split"}))
REFUSAL = "agelens: data/grouped.csv is damaged. `dvc repro deduplicate` writes data/grouped.csv.\n"


class Scripted(Project):
    """A project whose runs end as the test says, after writing files."""

    def __init__(self, root, *runs):
        super().__init__(root)
        object.__setattr__(self, "runs", list(runs))

    def run(self, command, **options):
        ran, written = self.runs.pop(0)
        for name, content in written.items():
            (self.root / name).write_bytes(content)
        return ran


def ended(status=0, errors="", renamed=("data/train.csv",)):
    return Ran(status, errors, 1.0, renamed)


@pytest.fixture
def undisturbed(tmp_path):
    """Return a run that reads `grouped.csv` and writes `train.csv`."""
    project = Project(tmp_path)
    project.set_to({FILE: b"old", Path("data/train.csv"): b"result"})
    return Undisturbed({FILE: b"old"}, project.state(), frozenset(), ended())


def damaged(root, undisturbed, ran, written):
    project = Scripted(root, (ran, written))
    return try_damage(
        project, COMMAND, undisturbed, artefact=TABLE, damage=("cut", lambda content: content[:1])
    ).outcome


@pytest.mark.parametrize(
    ("ran", "written", "outcome"),
    [
        (ended(), {"data/train.csv": b"result"}, "unused"),
        (ended(), {"data/train.csv": b"result", "data/grouped.csv": b"old"}, "rebuilt"),
        (ended(), {"data/train.csv": b"other"}, "valid"),
        (ended(), {"data/train.csv": b"other", "data/grouped.csv": b"old"}, "wrong"),
        (ended(1, REFUSAL), {}, "refused"),
        (ended(1, REFUSAL * 2), {}, "wrong"),
        (ended(1, REFUSAL.replace("deduplicate", "crop_faces")), {}, "wrong"),
        (ended(1, "agelens: run `dvc repro deduplicate`\n"), {}, "wrong"),
        (ended(TRACEBACK_STATUS, REFUSAL), {}, "wrong"),
        (ended(-11, ""), {}, "wrong"),
    ],
)
def test_a_damaged_file_is_rebuilt_refused_or_wrong(tmp_path, undisturbed, ran, written, outcome):
    assert damaged(tmp_path, undisturbed, ran, written) == outcome


@pytest.mark.parametrize(
    ("first", "again", "written", "outcome"),
    [
        (ended(-9), ended(), {"data/train.csv": b"result"}, "resumed"),
        (ended(), ended(), {"data/train.csv": b"result"}, "finished"),
        (ended(-9), ended(), {"data/train.csv": b"other"}, "wrong"),
        (ended(-9), ended(), {"data/train.csv": b"result", "data/.writing-x.csv": b""}, "wrong"),
        (ended(-9), ended(1, "agelens: no\n"), {"data/train.csv": b"result"}, "wrong"),
        (ended(-11), ended(), {"data/train.csv": b"result"}, "wrong"),
    ],
)
def test_a_killed_command_must_end_with_the_same_bytes(tmp_path, undisturbed, first, again, written, outcome):
    project = Scripted(tmp_path, (first, {}), (again, written))
    cell = try_kill(project, COMMAND, undisturbed, after=None, before=0)
    assert (cell.outcome, cell.target) == (outcome, "data/train.csv")


@pytest.mark.parametrize(
    ("first", "outcome"),
    [
        (ended(1, "agelens: The disk is full: data/train.csv cannot be written.\n"), "refused"),
        (ended(1, "agelens: The cache needs 2.0 GB in data/x, where 1.0 GB are free.\n"), "refused"),
        (ended(1, "agelens: data/train.csv is missing.\n"), "wrong"),
        (ended(-7), "wrong"),
        (ended(), "finished"),
    ],
)
def test_a_full_disk_must_be_named(tmp_path, undisturbed, first, outcome):
    project = Scripted(tmp_path, (ended(), {"data/train.csv": b"result"}))
    project.set_to(undisturbed.base)
    assert cell_of_disk(project, COMMAND, undisturbed, first, target="0 of 4 KiB").outcome == outcome


def test_an_expected_error_is_one_line():
    assert refusal_of(ended(1, f"progress\n{REFUSAL}")) == REFUSAL.strip()
    assert refusal_of(ended(0, REFUSAL)) is None
    assert refusal_of(ended(1, f"Traceback\n{REFUSAL}")) is None


def test_files_have_writers_readers_and_stages_that_repair_them():
    flow = Flow(ROOT)
    crops = [Path(f"data/crops/synthetic/a/{number}.jpg") for number in range(3)]
    state = Path("data/train_state/phase1.npz")
    found = {artefact.name: artefact for artefact in find_artefacts([*crops, FILE, state], flow, shown={})}
    table = found["data/grouped.csv"]
    assert table.writer == ("run", "deduplicate")
    assert {"deduplicate", "split", "train", "export"} <= table.repaired_by
    assert "locate_points" not in table.repaired_by
    assert readers_of(table, flow, {("summary",): {FILE}}) == [("run", "split"), ("run", "eda"), ("summary",)]
    assert found["data/crops/*/*/*.jpg"].files == (crops[0],)
    assert readers_of(found[state.as_posix()], flow, {}) == [("run", "train")]


def test_a_file_that_no_command_writes_is_an_error():
    with pytest.raises(LookupError, match="unknown"):
        find_artefacts([Path("data/unknown.bin")], Flow(ROOT), shown={})


def test_red_cells_are_shown(monkeypatch):
    cell = Cell("cut", COMMAND, "data/grouped.csv", "wrong", "a | b")
    found = {
        "stages": {"split": {"killed at random": {"resumed": 3}, "cut": {"wrong": 1}, "flipped": {"valid": 2}}},
        "artefacts": {"data/grouped.csv": {"cut": {"wrong": 1}}},
        "red": [{"fault": "cut", "command": "split", "target": cell.target, "detail": cell.detail}],
        "not_repeatable": ["a.json"],
        "skipped": "",
        "cells": 6,
        "left": 2,
        "seconds": 120.0,
        "device": "some",
        "command": "some",
    }
    monkeypatch.setattr(page, "measured", {"faults": found}.get)
    lines = page.faults_block().splitlines()
    assert "| `split` | 3 resumed | - | 2 found by DVC only, 1 **red** | - |" in lines
    assert "| `data/grouped.csv` | - | 1 **red** | - | - |" in lines
    assert "6 cells were tried, and 2 were left when the time was over." in lines[-1]
    assert "| split | cut | `data/grouped.csv` | a / b |" in lines
    monkeypatch.setattr(page, "measured", {"faults": {**found, "red": [], "skipped": "no root"}}.get)
    assert "No cell is red." in page.faults_block()
    assert "| no root |" in page.faults_block()
