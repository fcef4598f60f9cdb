"""Store the results of a run of the pipeline, or of a cross-validation, with the facts of the run and without faces.

Usage: python benchmarks/record.py run PROJECT NAME --minutes M, for a checkout in which `dvc repro` took M minutes, or
python benchmarks/record.py protocol PROJECT NAME, for one whose reports/protocol/NAME is complete.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.tables import MANIFEST, REJECTED, SPLIT, read_table
from agelens.pipeline.config.paths import Paths
from evidence import facts_of_run

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Record what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["run", "protocol"])
    parser.add_argument("project", type=Path)
    parser.add_argument("name")
    parser.add_argument("--minutes", type=float, help="duration of the run; required for a run")
    parser.add_argument("--commit", help="commit of the run; default: the one that is checked out")
    parser.add_argument("--device", help="of the run; default: this machine")
    asked = parser.parse_args()
    if asked.kind == "protocol":
        record_protocol(asked)
    elif asked.minutes is None:
        parser.error("a run needs --minutes")
    else:
        record_run(asked)


def record_protocol(asked: argparse.Namespace) -> None:
    """Copy the summary of a cross-validation to results/protocol/NAME.json."""
    paths = Paths(asked.project)
    summary = json.loads((paths.protocol_report / asked.name / "summary.json").read_text())
    options = f"--folds {len(summary['folds'])} --scope {summary['scope']} --epochs {summary['epochs']}"
    command = f"agelens protocol {summary['source']} {options}"
    facts = facts_of_run(command, seconds=summary["seconds"], folder=asked.project)
    facts["commit"] = asked.commit or facts["commit"]
    hashes = {"params_hash": file_hash(paths.params)[:16], "data_hash": file_hash(paths.grouped)[:16]}
    write_json(ROOT / "results/protocol" / f"{asked.name}.json", {**facts, **hashes, **summary})
    print(f"{asked.name}: {summary['figures']['mae']} ({summary['label']})")


def record_run(asked: argparse.Namespace) -> None:
    """Copy metrics, history, plots and facts of a run to results/NAME/."""
    paths, folder = Paths(asked.project), ROOT / "results" / asked.name
    folder.mkdir(parents=True, exist_ok=True)
    evaluation = (paths.metrics, paths.overall, paths.slices)
    for path in (*evaluation, paths.train_report / "history.csv", paths.params):
        if path.is_file():  # a network that was trained elsewhere has no history here
            shutil.copyfile(path, folder / path.name)
    for path in (*paths.report.glob("*.png"), *paths.tune_report.glob("*.csv")):
        shutil.copyfile(path, folder / path.name)
    facts = facts_of_run("dvc repro", seconds=asked.minutes * 60, folder=asked.project)
    facts |= {"commit": asked.commit or facts["commit"], "device": asked.device or facts["device"]}
    write_json(folder / "run.json", {**facts, **_run(paths, asked.minutes)})
    print(f"{folder}: {_run(paths, asked.minutes)['rows']}")


def _run(paths: Paths, minutes: float) -> dict[str, Any]:
    slices = pd.read_csv(paths.slices)
    bands = slices[(slices["slice"] == "true_age") & (slices["exact_rows"] > 0)]
    return {
        "minutes": round(minutes, 1),
        "params_hash": file_hash(paths.params)[:16],
        "data_hash": file_hash(paths.manifest)[:16],
        "sources": list(yaml.safe_load(paths.params.read_text())["sources"]),
        "rows": _rows(paths),
        "bands": bands[["value", "exact_rows", "mae", "bias"]].round(3).to_dict("records"),
    }


def _rows(paths: Paths) -> dict[str, Any]:
    """Count every row that was read.

    Raises:
        DataError: Kept and rejected do not add up to what was read.
    """
    labelled = len(read_table(paths.manifest, MANIFEST))
    tables = [
        read_table(path, REJECTED) for path in (paths.manifest_rejected, paths.faces_rejected, paths.grouped_rejected)
    ]
    splits = {
        path.stem: len(read_table(path, SPLIT)) for path in (paths.split_train, paths.split_val, paths.split_test)
    }
    read, rejected = labelled + len(tables[0]), pd.concat(tables)
    if read != sum(splits.values()) + len(rejected):
        msg = f"Rows must be kept or rejected. Received: {read} read, {splits} kept, {len(rejected)} rejected."
        raise DataError(msg)
    reasons = {str(reason): int(count) for reason, count in rejected["reason"].value_counts().items()}
    return {"read": read, "rejected": reasons, **splits}


if __name__ == "__main__":
    main()
