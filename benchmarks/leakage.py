"""How far duplicates in train distort the test error: the seed project's order of steps and ours.

Usage: python benchmarks/leakage.py PROJECT [--source utkface] [--scope head|network] [--epochs 30]
for a checkout in which `dvc repro split` has been run. Heads on frozen features take minutes, networks hours.

The seed project augments and balances everything and then splits single images at random. This is repeated on the
images of our train and val splits, with the duplicates that our pipeline removes. Our test split then measures the same
model on people and photographs that are not in its training data.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.core.images import read_rgb, write_jpeg
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import GROUPED, LANDMARKS, REJECTED, SPLIT, read_table, write_table
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.cross_validation.frozen_head import FrozenFeatures, extract_features, train_and_evaluate_head
from agelens.pipeline.cross_validation.network_fold import FoldPaths, run_stages
from agelens.pipeline.stages import evaluate
from evidence import add_record_option, write_result

RULES = {"seed": {"below": 10, "copies": 2}, "balanced": {"below": 200, "copies": 2}}
"""Ages with fewer than `below` faces get `copies` augmented copies of each: the seed project's, and a stronger rule."""

FIGURES = ("rows", "mae", "cs5", "group_accuracy")


def main() -> None:
    """Print for each order the error on its own test split and on new people, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--source", default="utkface")
    parser.add_argument("--scope", choices=["head", "network"], default="head")
    parser.add_argument("--epochs", type=int, default=30)
    add_record_option(parser)
    asked = parser.parse_args()
    started = time.monotonic()
    paths = Paths(asked.project)
    params = read_params(paths.params)
    splits = splits_of(paths, source=asked.source)
    arms = {"ours": splits}
    for name, rule in RULES.items():
        pool = balanced_pool(splits, params, paths, source=asked.source, **rule)
        arms[name] = split_at_random(pool, splits, by="image_id", seed=params.seed)
        arms[f"{name}_together"] = split_at_random(pool, splits, by="photo", seed=params.seed)
    evaluate_order = _evaluation_of(asked.scope, params, paths, arms, epochs=asked.epochs)
    found = {}
    for name, arm in arms.items():
        metrics = evaluate_order(name, arm)
        found[name] = {split: {figure: metrics[split][figure] for figure in FIGURES} for split in metrics}
        found[name]["leaked"] = leaked_share(arm)
        own, new = found[name]["test"]["mae"], found[name].get("new", found[name]["test"])["mae"]
        print(f"{name:18s} its own test: MAE {own:.2f}   new people: {new:.2f}   leaked: {found[name]['leaked']:.1%}")
    content = {"source": asked.source, "scope": asked.scope, "epochs": asked.epochs, "rules": RULES, "orders": found}
    content["backbone"] = params.model.backbone
    options = f"--source {asked.source} --scope {asked.scope} --epochs {asked.epochs}"
    content["command"] = f"python benchmarks/leakage.py PROJECT {options}"
    write_result("leakage", content, seconds=time.monotonic() - started, record=asked.record)


def balanced_pool(
    splits: dict[str, pd.DataFrame], params: Params, paths: Paths, *, source: str, below: int, copies: int
) -> pd.DataFrame:
    """Return the rows of our train and val with their duplicates and with augmented copies.

    All copies of an image have the same `photo`; a photo with rows in two splits is a leak.
    """
    pool = _with_duplicates(pd.concat([splits["train"], splits["val"]]), paths, params, source=source)
    years = np.floor(pool["age"])
    rare = pool[years.map(years.value_counts()) < below]
    return pd.concat([pool, *(_copies(rare, number, params, paths) for number in range(1, copies + 1))])


def split_at_random(
    pool: pd.DataFrame, splits: dict[str, pd.DataFrame], *, by: str, seed: int
) -> dict[str, pd.DataFrame]:
    """Split a pool at random, with test and val as large as ours, and add our test split as `new`.

    Args:
        pool: Follows SPLIT.
        splits: Ours.
        by: `image_id` splits single images, as the seed project did; `photo` keeps all copies of an image together.
        seed: Of the random order.
    """
    names = pool[by].unique()
    place = pd.Series(np.random.default_rng(seed).permutation(len(names)), index=names)
    pool = pool.iloc[np.argsort(pool[by].map(place).to_numpy(), kind="stable")].reset_index(drop=True)
    # All copies of a photo at a cut go to the part of its first copy.
    ends = [len(splits["test"]), len(splits["test"]) + len(splits["val"])]
    first = pool.groupby(by)[by].transform(lambda rows: rows.index[0])
    part = np.searchsorted(ends, first, side="right")
    parts = {name: pool[part == number].reset_index(drop=True) for number, name in enumerate(("test", "val", "train"))}
    return {**parts, "new": splits["test"]}


def leaked_share(splits: dict[str, pd.DataFrame]) -> float:
    """Return the share of test rows whose photo is also in train."""
    return float(splits["test"]["photo"].isin(splits["train"]["photo"]).mean())


def _with_duplicates(kept: pd.DataFrame, paths: Paths, params: Params, *, source: str) -> pd.DataFrame:
    """Return rows and their rejected duplicates, which take `photo` from the row that was kept."""
    rejected = read_table(paths.grouped_rejected, REJECTED)
    rejected = rejected[(rejected["reason"] == "duplicate") & (rejected["source"] == source)]
    shown = rejected.set_index("image_id")["detail"].str.removeprefix("duplicate_of:")
    faces = read_table(paths.landmarks, LANDMARKS)
    twins = faces[faces["image_id"].map(shown).isin(kept["image_id"])]
    twins = twins.assign(photo=twins["image_id"].map(shown), group=twins["image_id"])[GROUPED.names]
    index = AgeGroups(tuple(params.age_groups)).of_intervals(twins["age_low"], twins["age_high"])
    return pd.concat([kept.assign(photo=kept["image_id"]), twins.assign(age_group=index)[SPLIT.names]])


def _copies(rows: pd.DataFrame, number: int, params: Params, paths: Paths) -> pd.DataFrame:
    """Return augmented copies of rows; their crops are written to the project's protocol folder."""
    folder = (paths.protocol_state / "copies").resolve()
    augmentation = from_section(Augmentation, params.augment)
    crops = [str(folder / f"{Path(name).stem}_{number}.jpg") for name in rows["crop"]]
    for row, (name, crop) in enumerate(zip(rows["crop"], crops, strict=True)):
        if not Path(crop).is_file():
            image = read_rgb(paths.crops / name)
            changed = augment_view(image, row, number, augmentation=augmentation, seed=params.seed)
            write_jpeg(Path(crop), changed)
    return rows.assign(image_id=rows["image_id"] + f"#{number}", crop=crops, group=rows["group"] + f"#{number}")


def _evaluation_of(
    scope: str, params: Params, paths: Paths, arms: dict[str, dict[str, pd.DataFrame]], *, epochs: int
) -> Any:
    """Return a function that trains on an order of steps and returns the metrics of its `test` and of `new`."""
    if scope == "network":
        return lambda name, arm: _run_network(params, paths, name, arm, epochs=epochs)
    every_row = pd.concat([table for arm in arms.values() for table in arm.values()]).drop_duplicates("image_id")
    folder = paths.protocol_state / "leakage_features"
    features: FrozenFeatures = extract_features(params, every_row, crops=paths.crops, folder=folder, views=1)
    # The seed project's order is balanced already; a second time would repeat copies.
    return lambda name, arm: train_and_evaluate_head(
        params, arm, features=features, epochs=epochs, balance=name == "ours"
    )


def _run_network(
    params: Params, paths: Paths, name: str, arm: dict[str, pd.DataFrame], *, epochs: int
) -> dict[str, Any]:
    fold = FoldPaths(paths.protocol_state / f"leakage_{name}", paths)
    if name != "ours":
        params = params.model_copy(update={"rebalance": params.rebalance.model_copy(update={"copies": 1})})
    found: dict[str, Any] = {"test": run_stages(params, arm, fold=fold, epochs=epochs)}
    if "new" in arm:
        write_table(fold.split_test, arm["new"], SPLIT)
        evaluate.run(params, fold)
        found["new"] = json.loads(fold.overall.read_text())
    return found


def splits_of(paths: Paths, *, source: str) -> dict[str, pd.DataFrame]:
    """Return the rows of a source in `train`, `val` and `test`."""
    tables = {path.stem: read_table(path, SPLIT) for path in (paths.split_train, paths.split_val, paths.split_test)}
    return {name: table[table["source"] == source].reset_index(drop=True) for name, table in tables.items()}


if __name__ == "__main__":
    main()
