"""Check the installed packages for known vulnerabilities; fail if there is one, or if packages could not be checked.

    python -m benchmarks.release.audit

pip-audit compares the installed packages with the advisories of the Python Packaging Authority. It succeeds even if it
could check none of them, for example without a network, so its report is read here. `ignored.toml` lists accepted
vulnerabilities.
"""

import datetime as dt
import json
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

IGNORED = Path(__file__).with_name("ignored.toml")
OWN = "agelens"

Report = Mapping[str, Any]


def main() -> None:
    """Audit and exit with status 1 if anything was found."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    ran = subprocess.run(
        [*command, "--path", sysconfig.get_path("purelib")], capture_output=True, text=True, check=False
    )
    try:
        report = json.loads(ran.stdout)
    except ValueError:
        sys.exit(f"pip-audit failed: {' '.join(ran.stderr.split())[-300:] or 'no report'}")
    ignored = read_ignored(IGNORED)
    problems = find_problems(report, ignored, today=dt.datetime.now(tz=dt.UTC).date())
    for line in problems:
        print(line, file=sys.stderr)
    if problems:
        sys.exit(1)
    checked = [package for package in report["dependencies"] if package["name"] != OWN]
    print(f"{len(checked)} packages checked, no known vulnerability")


def read_ignored(path: Path) -> list[dict[str, Any]]:
    """Return the accepted vulnerabilities; exit with one line if an entry lacks its id, its reason or its last day."""
    entries: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8")).get("ignored", [])
    for entry in entries:
        complete = all(isinstance(entry.get(key), str) and entry[key].strip() for key in ("id", "reason"))
        if not complete or type(entry.get("until")) is not dt.date:
            sys.exit(f"{path}: each entry needs id, reason, and until as a date such as 2026-12-31. Received: {entry}")
    return entries


def find_problems(report: Report, ignored: Sequence[Mapping[str, Any]], *, today: dt.date) -> list[str]:
    """Return one line for each vulnerability, and one for all packages that were not checked.

    Args:
        report: Of `pip-audit --format json`.
        ignored: Accepted vulnerabilities, with `id`, `reason` and `until`.
        today: Decides which of them are still accepted.
    """
    packages = [package for package in report["dependencies"] if package["name"] != OWN]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    accepted = {entry["id"] for entry in ignored if entry["until"] >= today}
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, fixed in "
        f"{', '.join(found['fix_versions']) or 'no version'}"
        for package in packages
        for found in package.get("vulns", [])
        if accepted.isdisjoint({found["id"], *found.get("aliases", [])})
    ]
    if skipped or not packages:
        shown = ", ".join(skipped[:5]) + (", ..." if len(skipped) > 5 else "")
        lines.append(
            f"{len(skipped)} of {len(packages)} packages could not be checked ({shown or 'none is installed'}), so "
            "nothing is known about them: run `make audit` again with a network that reaches the package index."
        )
    return lines


if __name__ == "__main__":
    main()
