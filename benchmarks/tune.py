"""Cost and gain of a search: time, memory, gain over the untuned head, and the time of the seed project's method.

Usage: python benchmarks/tune.py PROJECT, a folder in which the stages before `tune` have been run. A whole search is
run in a scratch copy: feature extraction, search, retraining of the best heads. See --help for smaller runs.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import psutil
import yaml

from agelens.data_prep.batches.dataset import make_dataset
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.openvino_requests import FeatureSplit
from agelens.data_prep.core.tables import SPLIT, TRAIN, read_table, write_table
from agelens.models.network.age_net import build_age_net
from agelens.models.network.backbones import build_backbone
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.objective import Objective, compile_model, loss_weights_of, targets_of
from agelens.pipeline.config.fingerprints import features_fingerprint
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.sections.search import Retrain
from agelens.pipeline.search.head_factory import head_factory
from agelens.pipeline.stages import cache_features, tune
from agelens.pipeline.training_data.head_data import read_head_data
from agelens.tuning.budget import hyperband_budget
from agelens.tuning.model_factory import measure_timing
from agelens.tuning.search import search_folder
from evidence import add_record_option, write_result

MIB = 2**20
SEED_SIZE, SEED_BATCH = 224, 32
MEMORY_ROWS = 2000


def main() -> None:
    """Measure, print and write the result: `tune`, or `tune_memory` with --memory."""
    asked, started = _arguments(), time.perf_counter()
    if asked.memory:
        curve = measure_memory(asked)
        write_result("tune_memory", curve, seconds=time.perf_counter() - started, record=asked.record)
        return
    result = measure_search(asked)
    if asked.seed_steps:
        result["seeds_way"] = measure_seeds_way(asked, epochs=result["epochs"])
        ours = result["seconds"]["features"] + result["seconds"]["search"]
        result["ratio"] = round(result["seeds_way"]["search_seconds"] / ours, 1)
    write_result("tune", result, seconds=time.perf_counter() - started, record=asked.record)
    print(json.dumps(result, indent=2))
    if "ratio" in result:
        print(f"the search, against the seed project's method (extrapolated): {result['ratio']:.1f}x")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--params", type=Path, help="default: PROJECT/params.yaml")
    parser.add_argument("--max-epochs", type=int, help="epochs of a trial at most; default: as in params.yaml")
    parser.add_argument("--iterations", type=int, help="iterations of Hyperband; default: as in params.yaml")
    parser.add_argument("--top", type=int, help="heads to retrain; default: as in params.yaml")
    parser.add_argument("--seeds", type=int, help="seeds of the retraining; default: as in params.yaml")
    parser.add_argument("--keep-features", action="store_true", help="use the project's features as they are")
    parser.add_argument("--keep", type=Path, help="copy the report of the search to this folder")
    parser.add_argument("--seed-steps", type=int, default=20, help="batches of the seed project's method; 0 skips it")
    parser.add_argument("--memory", type=int, metavar="TRIALS", help="only measure memory after each of TRIALS trials")
    add_record_option(parser)
    return parser.parse_args()


def measure_search(asked: argparse.Namespace) -> dict[str, Any]:
    """Run cache_features and tune in a scratch copy of the project and return seconds, memory and what was found."""
    params = _params(asked)
    budget = hyperband_budget(
        max_epochs=params.tune.max_epochs, factor=params.tune.factor, iterations=params.tune.hyperband_iterations
    )
    with _scratch(asked.project, features=asked.keep_features) as paths:
        if asked.keep_features:
            _adopt_features(params, paths)
        _write_params(params, paths)
        seconds = {"features": _timed(lambda: cache_features.run(params, paths))}
        data = read_head_data(params, paths)
        seconds["epoch"] = measure_timing(head_factory(params, data)).epoch_seconds
        with _watched_memory() as samples:
            tune.search_and_write(params, paths, folder=paths.tune_report)
        best = json.loads(paths.best_settings.read_text())
        state = search_folder(paths.tune_state, fingerprint=best["fingerprint"])
        seconds |= json.loads((state / "seconds.json").read_text())
        trials = pd.read_csv(paths.tune_report / "trials.csv")
        retrained = pd.read_csv(paths.tune_report / "retrained.csv")
        if asked.keep is not None:
            shutil.copytree(paths.tune_report, asked.keep, dirs_exist_ok=True)
    return {
        "rows": len(data.train),
        "trials": len(trials),
        "epochs": budget.epochs,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "peak_memory_gib": round(max(samples) / 1024, 2),
        "best": best,
        "gain": round(best["untuned_val_age_mae"] - best["val_age_mae"], 4),
        "gain_exceeds_sd": best["seeds"] > 1
        and best["untuned_val_age_mae"] - best["val_age_mae"] > max(best["sd"], best["untuned_sd"]),
        "retrained": retrained.round(4).to_dict("records"),
    }


def measure_seeds_way(asked: argparse.Namespace, *, epochs: int) -> dict[str, Any]:
    """Time the seed project's search on the same images: every trial decodes them and trains a whole network.

    EfficientNetB0 at 224 px with a frozen backbone, batches of 32, and random weights, which cost the same. An
    epoch is extrapolated from some batches of training and validation, the search from its epochs.
    """
    params, paths = _params(asked), Paths(asked.project)
    side, groups = params.crop_faces.size, len(params.age_groups)
    backbone = build_backbone("efficientnet_b0", input_shape=(SEED_SIZE, SEED_SIZE, 3), weights="none")
    backbone.trainable = False
    head = build_head(HeadConfig(age_head="linear"), features=backbone.output_shape[-1], groups=groups)
    image = keras.Input((side, side, 3), dtype="uint8")
    larger = keras.layers.Resizing(SEED_SIZE, SEED_SIZE, dtype="uint8")(image)
    network = keras.Model(image, build_age_net(backbone, head)(larger))
    compile_model(network, Objective(), optimizer=keras.optimizers.Adam(1e-3))
    steps = dict[str, float]()
    tables = {"train": read_table(paths.train, TRAIN), "val": read_table(paths.split_val, SPLIT)}
    for name, table in tables.items():
        some = table.head((asked.seed_steps + 2) * SEED_BATCH)
        targets, weights = targets_of(some, head.output), loss_weights_of(some, head.output)
        crops = [FramedCrop(paths.crops / crop) for crop in some["crop"]]
        dataset = make_dataset(crops, targets, size=side, batch_size=SEED_BATCH, weights=weights)
        times: list[float] = []
        for batch in dataset:
            (network.train_on_batch if name == "train" else network.test_on_batch)(*batch)
            times.append(time.perf_counter())
        steps[name] = float(np.diff(times[1:]).mean())  # the first batch includes tracing
    rows = {"train": int(tables["train"]["copies"].sum()), "val": len(tables["val"])}
    epoch = sum(steps[name] * rows[name] / SEED_BATCH for name in rows)
    return {
        "extrapolated_from_batches": asked.seed_steps,
        "step_seconds": {name: round(seconds, 4) for name, seconds in steps.items()},
        "epoch_seconds": round(epoch, 1),
        "search_seconds": round(epoch * epochs, 1),
    }


def measure_memory(asked: argparse.Namespace) -> dict[str, Any]:
    """Run `agelens tune` with many short trials; return its peak memory in MiB by the number of started trials."""
    params = _params(asked)
    section = params.tune.model_copy(
        update={"max_epochs": 2, "hyperband_iterations": asked.memory // 2, "retrain": Retrain(top=1, seeds=1)}
    )
    curve = dict[int, int]()
    with _scratch(asked.project, features=True) as paths:
        _adopt_features(params, paths)
        table = read_table(paths.train, TRAIN).head(MEMORY_ROWS)
        write_table(paths.train, table, TRAIN)
        _write_params(params.model_copy(update={"tune": section}), paths)
        command = [sys.executable, "-m", "agelens", "tune"]
        environment = {**os.environ, "WANDB_MODE": "disabled"}
        running = psutil.Popen(command, cwd=paths.root, env=environment, stderr=subprocess.DEVNULL)
        while running.poll() is None:
            done = sum(1 for _ in paths.tune_state.glob("search_*/trial_*/checkpoint.weights.h5"))
            curve[done] = max(curve.get(done, 0), _resident_mib(running))
            time.sleep(0.1)
    for trial in sorted(curve)[::10]:
        print(f"after trial {trial:3}: {curve[trial]} MiB")
    trials, resident = (np.array(side) for side in zip(*sorted(curve.items())[1:], strict=True))
    growth = float(np.polyfit(trials, resident, 1)[0])
    print(f"growth: {growth:.2f} MiB a trial, at most {resident.max()} MiB")
    return {"rows": len(table), "mib": curve, "growth_mib_per_trial": round(growth, 3)}


def _params(asked: argparse.Namespace) -> Params:
    params = read_params(asked.params or asked.project / "params.yaml")
    section = params.tune
    retraining = Retrain(top=asked.top or section.retrain.top, seeds=asked.seeds or section.retrain.seeds)
    changes = {
        "max_epochs": asked.max_epochs or section.max_epochs,
        "hyperband_iterations": asked.iterations or section.hyperband_iterations,
        "retrain": retraining,
    }
    return params.model_copy(update={"tune": section.model_copy(update=changes)})


@contextlib.contextmanager
def _scratch(project: Path, *, features: bool) -> Iterator[Paths]:
    """Yield a folder with the project's tables and crops, and with its features if asked, without a search."""
    source = Paths(project)
    with tempfile.TemporaryDirectory() as name:
        paths = Paths(Path(name))
        for path in (source.train, source.split_val):
            copy = paths.root / path.relative_to(project)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        paths.crops.symlink_to(source.crops.resolve())
        if features:
            shutil.copytree(source.features, paths.features)
        yield paths


def _adopt_features(params: Params, paths: Paths) -> None:
    """Mark features as current that code of another commit has computed."""
    parts: tuple[FeatureSplit, ...] = ("train", "val")
    for part in parts:
        (paths.features / part / "fingerprint.txt").write_text(features_fingerprint(params, part=part))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _write_params(params: Params, paths: Paths) -> None:
    paths.params.write_text(yaml.safe_dump(params.model_dump(mode="json", exclude_none=True)), encoding="utf-8")


@contextlib.contextmanager
def _watched_memory() -> Iterator[list[int]]:
    """Sample the memory of this process and its children, in MiB, while the block runs."""
    samples, over = list[int](), threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            samples.append(_resident_mib(psutil.Process()))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def _resident_mib(process: psutil.Process) -> int:
    """Return the memory of a process and its children; shared pages count once."""
    found = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            found += getattr(one.memory_full_info(), "pss", one.memory_info().rss)
    return round(found / MIB)


if __name__ == "__main__":
    main()
