"""The audit fails on vulnerabilities and on packages that were not checked; releases have the hash of each file."""

import datetime as dt
import subprocess
from pathlib import Path

import pytest

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
