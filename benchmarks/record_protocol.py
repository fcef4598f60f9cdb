"""Store the summary of a cross-validation with the facts of its run.

Usage: python benchmarks/record_protocol.py PROJECT NAME, for a checkout whose reports/protocol/NAME is complete.
"""

import argparse
import json
from pathlib import Path

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.hashing import file_hash
from agelens.pipeline.config.paths import Paths
from evidence import facts_of_run

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Copy the summary to results/protocol/NAME.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("name")
    parser.add_argument("--commit", help="commit of the run; default: the one that is checked out")
    asked = parser.parse_args()
    paths = Paths(asked.project)
    summary = json.loads((paths.protocol_report / asked.name / "summary.json").read_text())
    options = f"--folds {len(summary['folds'])} --scope {summary['scope']} --epochs {summary['epochs']}"
    command = f"agelens protocol {summary['source']} {options}"
    facts = facts_of_run(command, seconds=summary["seconds"], folder=asked.project)
    facts["commit"] = asked.commit or facts["commit"]
    hashes = {"params_hash": file_hash(paths.params)[:16], "data_hash": file_hash(paths.grouped)[:16]}
    write_json(ROOT / "results/protocol" / f"{asked.name}.json", {**facts, **hashes, **summary})
    print(f"{asked.name}: {summary['figures']['mae']} ({summary['label']})")


if __name__ == "__main__":
    main()
