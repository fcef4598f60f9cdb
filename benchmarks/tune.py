"""What a search costs and what it is worth: time, memory, gain over the untuned head, and the seed project's way beside it.

Usage: python benchmarks/tune.py PROJECT, a folder in which the stages before `tune` have been run. The search is run
anew in a scratch copy: features are extracted, heads searched, the best trained again. See --help for smaller runs.
"""

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import pandas as pd

from evidence import write_result
from pipeline.candidates import head_candidates
from pipeline.head_data import read_head_data
from pipeline.stages import cache_features, tune
from tuning.budget import hyperband_budget
from tuning.candidates import measure_pace

MIB = 2**20
SEED_SIZE, SEED_BATCH = 224, 32


def main() -> None:
    """Measure, print, and write benchmarks/results/tune.json, or tune_memory.json with --memory."""
    asked, started = _arguments(), time.perf_counter()
    if asked.memory:
        write_result("tune_memory", measure_memory(asked), seconds=time.perf_counter() - started)
        return
    result = measure_search(asked)
    if asked.seed_steps:
        result["seeds_way"] = measure_seeds_way(asked, epochs=result["epochs"])
        ours = result["seconds"]["features"] + result["seconds"]["search"]
        result["ratio"] = round(result["seeds_way"]["search_seconds"] / ours, 1)
    write_result("tune", result, seconds=time.perf_counter() - started)
    print(json.dumps(result, indent=2))
    if "ratio" in result:
        print(f"the search, against the seed's way (extrapolated): {result['ratio']:.1f}x")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--max-epochs", type=int, help="of a head; default: params.yaml's")
    parser.add_argument("--iterations", type=int, help="of Hyperband; default: params.yaml's")
    parser.add_argument("--top", type=int, help="heads that are trained again; default: params.yaml's")
    parser.add_argument("--seeds", type=int, help="with which they are; default: params.yaml's")
    parser.add_argument("--keep-features", action="store_true", help="take the project's features as they are")
    parser.add_argument("--seed-steps", type=int, default=20, help="batches of the seed's way; 0 leaves it out")
    parser.add_argument("--memory", type=int, metavar="TRIALS", help="measure memory after each of so many trials")
    return parser.parse_args()


def measure_search(asked: argparse.Namespace) -> dict[str, Any]:
    """Run cache_features and tune in a scratch copy of the project and return seconds, memory and what was found."""
    params = _params(asked)
    budget = hyperband_budget(
        max_epochs=params.tune.max_epochs, factor=params.tune.factor, iterations=params.tune.hyperband_iterations
    )
    with _scratch(asked.project, features=asked.keep_features) as paths:
        seconds = {"features": _timed(lambda: cache_features.run(params, paths))}
        data = read_head_data(params, paths)
        seconds["epoch"] = measure_pace(head_candidates(params, data)).epoch_seconds
        whole = _timed(lambda: tune.search(params, paths))
        seconds["retraining"] = tune.last_seconds["retraining"]
        seconds["search"] = whole - seconds["retraining"]
        best = json.loads(paths.best_head.read_text())
        trials = pd.read_csv(paths.tune_report / "trials.csv")
        retrained = pd.read_csv(paths.tune_report / "retrained.csv")
    return {
        "rows": len(data.train),
        "trials": len(trials),
        "epochs": budget.epochs,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB, 2),
        "best": best,
        "gain": round(best["untuned_val_age_mae"] - best["val_age_mae"], 4),
        "gain_exceeds_sd": best["untuned_val_age_mae"] - best["val_age_mae"] > max(best["sd"], best["untuned_sd"]),
        "retrained": retrained.round(4).to_dict("records"),
    }
