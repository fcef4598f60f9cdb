"""Benchmarks replace committed results only when they are asked to."""

import ast
import json
from pathlib import Path

import pytest

import evidence
from tests.locations import ROOT

WRITERS = sorted(
    path
    for path in (ROOT / "benchmarks").rglob("*.py")
    if "write_result(" in path.read_text() and path.stem != "evidence"
)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return the folders of committed and of other results, moved to a temporary place."""
    found = {"recorded": tmp_path / "results", "scratch": tmp_path / "scratch"}
    monkeypatch.setattr(evidence, "RECORDED", found["recorded"])
    monkeypatch.setattr(evidence, "SCRATCH", found["scratch"])
    return found


@pytest.mark.parametrize(("record", "folder", "other"), [(False, "scratch", "recorded"), (True, "recorded", "scratch")])
def test_only_record_replaces_a_committed_result(
    record: bool, folder: str, other: str, folders: dict[str, Path]
) -> None:
    evidence.write_result("some", {"rate": 3}, seconds=1.0, record=record)
    assert json.loads((folders[folder] / "some.json").read_text())["rate"] == 3
    assert not folders[other].exists()


def test_git_ignores_the_results_of_other_runs() -> None:
    assert evidence.SCRATCH == ROOT / "reports/benchmarks"
    assert "/reports/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.stem)
def test_every_benchmark_passes_its_option_record_on(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    written = [call for call in calls if getattr(call.func, "id", "") == "write_result"]
    passed = [ast.unparse(word.value) for call in written for word in call.keywords if word.arg == "record"]
    assert passed == ["asked.record"] * len(written)
    assert "add_record_option(" in path.read_text() or '"--record"' in path.read_text()


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("benchmarks/crop.py", "python benchmarks/crop.py --rounds 1"),
        ("/home/me/benchmarks/mutation/mutants.py", "python benchmarks/mutation/mutants.py --rounds 1"),
        ("crop.py", "python benchmarks/crop.py --rounds 1"),
    ],
)
def test_the_command_of_a_result_is_from_the_root_and_leaves_out_record(script: str, command: str) -> None:
    assert evidence.command_of([script, "--record", "--rounds", "1"]) == command
