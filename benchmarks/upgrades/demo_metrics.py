"""Compare the metrics of a run of the demo with the recorded ones, after an upgrade of a library for example.

    python -m benchmarks.upgrades.demo_metrics [PROJECT] [--record]

The tolerance of a metric covers its 95 % bootstrap intervals in the recorded runs, one for each kind of processor: they
round bfloat16 differently, and the small networks of the demo learn other weights from that. The exit status is 1 if a
metric is outside of it, or if the test split has another number of faces. `--record` records the metrics of PROJECT
instead, in place of those of an earlier run on the same kind of processor.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import read_json, write_json
from agelens.pipeline.config.paths import Paths
from benchmarks.evidence import RECORDED, facts_of_run

PINNED = RECORDED / "demo_metrics.json"
METRICS = ("mae", "rmse", "cs5", "bias", "group_accuracy", "coverage")


def main() -> None:
    """Compare or record the metrics of a project."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?", default=Path(), help="folder in which `make demo` has run")
    parser.add_argument("--record", action="store_true", help="record the metrics of the project")
    asked = parser.parse_args()
    overall = Paths(asked.project).overall
    if not overall.is_file():
        parser.error(f"there is no {overall}; run `make demo` first")
    metrics = read_json(overall)
    if asked.record:
        facts = facts_of_run("make demo", seconds=0, folder=asked.project)
        run = {name: facts[name] for name in ("command", "commit", "device", "python")} | pin(metrics)
        write_json(
            PINNED, {"runs": [*(one for one in read_json(PINNED)["runs"] if one["device"] != run["device"]), run]}
        )
        return
    differences = compare(metrics, read_json(PINNED)["runs"])
    print("\n".join(differences) or f"{', '.join(METRICS)}: as recorded, within the tolerance")
    sys.exit(1 if differences else 0)


def pin(overall: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded of the overall metrics of a run: value and interval of each metric, number of faces."""
    metrics = {name: {end: overall[name + end] for end in ("", "_low", "_high")} for name in METRICS}
    values = {name: {"value": one[""], "low": one["_low"], "high": one["_high"]} for name, one in metrics.items()}
    return {"faces": overall["exact_rows"], "metrics": values}


def compare(overall: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each metric of a run that is not within the recorded intervals; none if all are."""
    lines = []
    faces = runs[0]["faces"]
    if overall["exact_rows"] != faces:
        lines.append(f"The test split must have {faces} faces. Received: {overall['exact_rows']}.")
    for name in runs[0]["metrics"]:
        recorded = [run["metrics"][name] for run in runs]
        low, high = min(one["low"] for one in recorded), max(one["high"] for one in recorded)
        if overall[name] is None or not low <= overall[name] <= high:
            values = ", ".join(str(one["value"]) for one in recorded)
            lines.append(f"{name} must be within {low} to {high}, recorded {values}. Received: {overall[name]}.")
    return lines


if __name__ == "__main__":
    main()
