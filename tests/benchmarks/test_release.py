"""The audit fails on vulnerabilities and on packages that were not checked; releases have the hash of each file."""

import datetime as dt
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.release import audit
from benchmarks.release.audit import find_problems
from benchmarks.release.build import write_hashes

TODAY = dt.date(2026, 11, 27)

CHECKED = {"name": "requests", "version": "2.34.2", "vulns": []}
SKIPPED = {"name": "urllib3", "skip_reason": "Dependency not found on PyPI and could not be audited: urllib3 (2.8.0)"}
OURS = {"name": "agelens", "skip_reason": "distribution marked as editable"}
FOUND = {"id": "PYSEC-2026-1", "fix_versions": ["2.35.0"], "aliases": ["CVE-2026-1", "GHSA-1"], "description": "..."}
VULNERABLE = {"name": "requests", "version": "2.34.2", "vulns": [FOUND]}


def entry(name: str, until: dt.date) -> dict[str, object]:
    return {"id": name, "reason": "not used", "until": until}


@pytest.mark.parametrize(
    ("packages", "ignored", "expected"),
    [
        pytest.param([CHECKED, OURS], [], [], id="all checked"),
        pytest.param([CHECKED, SKIPPED], [], ["1 of 2 packages could not be checked (urllib3)"], id="one skipped"),
        pytest.param([OURS], [], ["0 of 0 packages could not be checked"], id="nothing installed"),
        pytest.param([VULNERABLE], [], ["requests 2.34.2: PYSEC-2026-1, fixed in 2.35.0"], id="vulnerable"),
        pytest.param([VULNERABLE], [entry("CVE-2026-1", TODAY)], [], id="accepted by an alias"),
        pytest.param(
            [VULNERABLE],
            [entry("PYSEC-2026-1", TODAY - dt.timedelta(days=1))],
            ["requests 2.34.2: PYSEC-2026-1"],
            id="accepted until yesterday",
        ),
        pytest.param([VULNERABLE], [entry("PYSEC-2026-2", TODAY)], ["requests 2.34.2: PYSEC-2026-1"], id="another one"),
    ],
)
def test_vulnerable_and_unchecked_packages_are_problems(packages, ignored, expected):
    found = find_problems({"dependencies": packages, "fixes": []}, ignored, today=TODAY)
    assert len(found) == len(expected)
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning)


@pytest.fixture
def run_audit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Return the audit with a recorded answer of pip-audit and an entry of the list of accepted vulnerabilities."""

    def run(answer: str, *, errors: str = "", ignored: str = "") -> None:
        path = tmp_path / "ignored.toml"
        path.write_text(ignored)
        monkeypatch.setattr(audit, "IGNORED", path)
        done = subprocess.CompletedProcess([], returncode=0, stdout=answer, stderr=errors)
        monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
        audit.main()

    return run


def test_the_audit_succeeds_if_all_packages_were_checked(run_audit, capsys):
    run_audit(json.dumps({"dependencies": [CHECKED, OURS], "fixes": []}))
    assert capsys.readouterr().out == "1 packages checked, no known vulnerability\n"


def test_the_audit_fails_without_a_network(run_audit, capsys):
    with pytest.raises(SystemExit) as left:  # pip-audit itself exits with 0 then
        run_audit(json.dumps({"dependencies": [SKIPPED, OURS], "fixes": []}))
    assert left.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("1 of 1 packages could not be checked (urllib3)")


def test_the_audit_fails_in_one_line_without_a_report(run_audit):
    with pytest.raises(SystemExit, match=r"^pip-audit failed: ERROR: no route$"):
        run_audit("", errors="ERROR:\n  no route\n")


@pytest.mark.parametrize(
    "entry",
    [
        'id = "A"\nreason = "b"',
        'id = "A"\nuntil = 2030-01-01',
        'id = "A"\nreason = " "\nuntil = 2030-01-01',
        'id = "A"\nreason = "b"\nuntil = "2030-01-01"',
        'reason = "b"\nuntil = 2030-01-01',
    ],
)
def test_an_accepted_vulnerability_needs_a_reason_and_a_last_day(entry, run_audit):
    with pytest.raises(SystemExit, match="each entry needs id, reason, and until as a date"):
        run_audit(json.dumps({"dependencies": [CHECKED]}), ignored=f"[[ignored]]\n{entry}\n")


def test_the_kept_list_is_complete():
    assert isinstance(audit.read_ignored(audit.IGNORED), list)


def test_hashes_can_be_checked_and_name_only_this_version(tmp_path: Path) -> None:
    for name in ("agelens-1.0-py3-none-any.whl", "agelens-1.0.tar.gz", "agelens-1.0.cdx.json", "agelens-0.9.tar.gz"):
        (tmp_path / name).write_text(name)
    path = write_hashes(tmp_path, version="1.0")
    assert [line.split()[1] for line in path.read_text().splitlines()] == sorted(
        path.name for path in tmp_path.glob("agelens-1.0*")
    )
    check = ["sha256sum", "--check", "--strict", path.name]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "agelens-1.0.tar.gz").write_text("replaced")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1
