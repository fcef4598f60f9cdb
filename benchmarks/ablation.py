"""What each part of the recipe contributes: the same short training without it, on the same rows and test split.

Usage: python benchmarks/ablation.py PROJECT [--rows 4000] [--epochs 6] [--only NAME ...]
for a checkout in which `dvc repro split` has been run. Finished trainings are kept in PROJECT and not repeated. Short
trainings on few rows rank the parts of the recipe; their figures do not describe a released model.
"""

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pandas as pd
from leakage import splits_of

from agelens.data_prep.core.atomic import write_json
from agelens.pipeline.config.code_hashes import code_hash
from agelens.pipeline.config.fingerprints import fingerprint
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.cross_validation import protocol
from agelens.pipeline.cross_validation.network_fold import FoldPaths, run_stages
from agelens.pipeline.training_data.head_data import first_by_hash
from evidence import add_record_option, write_result

Changes = dict[str, Any]

WHOLE, AGAIN = "the whole recipe", "the whole recipe, another seed"
"""The reference of all others, and the same recipe with another seed, which shows the variation by chance."""

VARIANTS: dict[str, Changes] = {
    "no moving average of weights": {"train": {"phase2": {"average": 0.0}}},
    "plateau schedule instead of cosine": {"train": {"phase2": {"schedule": "plateau"}}},
    "no flip averaging": {"model": {"flip_average": False}},
    "no random erasing": {"augment": {"erase": 0.0}},
    "no augmentation": {
        "augment": {
            "flip": False,
            "shift": 0.0,
            "zoom": 0.0,
            "rotation_degrees": 0.0,
            "brightness": 0.0,
            "contrast": 0.0,
            "saturation": 0.0,
            "erase": 0.0,
        }
    },
    "no weights for rare ages": {"rebalance": {"weights": "none"}},
    "linear age head": {"model": {"age_head": "linear"}, "loss": {"age_weight": 1.0}},
    "no attribute heads": {"model": {"attributes": []}},
}

ALL: dict[str, Changes] = {WHOLE: {}, AGAIN: {"seed": 107}, **VARIANTS}


FIGURES = ("mae", "cs5", "group_accuracy")


def main() -> None:
    """Train every variant, print its error and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--rows", type=int, default=4000, help="training rows, the first by a hash of their name")
    parser.add_argument("--epochs", type=int, default=6, help="of phase 2")
    parser.add_argument("--unfreeze", help="first layer that phase 2 unfreezes; default: as in params.yaml")
    parser.add_argument("--source", default="utkface")
    parser.add_argument("--only", nargs="*", choices=VARIANTS, help="these variants; default: all")
    add_record_option(parser)
    asked = parser.parse_args()
    paths = Paths(asked.project)
    params = read_params(paths.params)
    if asked.unfreeze:
        params = changed(params, {"train": {"phase2": {"unfreeze": asked.unfreeze}}})
    splits = read_splits(paths, source=asked.source, rows=asked.rows, seed=params.seed)
    names = [WHOLE, AGAIN, *(name for name in VARIANTS if asked.only is None or name in asked.only)]
    tried = {name: changed(params, ALL[name]) for name in names if _applies(name, params)}
    found = {}
    for name, variant in tried.items():
        found[name] = _train_and_test(variant, paths, splits, epochs=asked.epochs)
        print(f"{name:30s} MAE {found[name]['mae']:.2f}   within 5 years {found[name]['cs5']:.1%}", flush=True)
    content = {
        "source": asked.source,
        "backbone": params.model.backbone,
        "size": params.crop_faces.size,
        "unfreeze": params.train.phase2.unfreeze,
        "epochs": asked.epochs,
        "rows": {name: len(table) for name, table in splits.items()},
        "variants": found,
    }
    seconds = sum(figures["seconds"] for figures in found.values())
    write_result("ablation", content, seconds=seconds, record=asked.record)


def _applies(name: str, params: Params) -> bool:
    """Return whether a variant is possible with these settings and differs from them."""
    return name == WHOLE or changed(params, ALL[name]) != params


def changed(params: Params, changes: Changes) -> Params:
    """Return validated params with some values replaced."""
    content = params.model_dump(mode="json", exclude_none=True)
    _put(content, changes)
    return Params.model_validate(content)


def _put(content: dict[str, Any], changes: Changes) -> None:
    for name, value in changes.items():
        if isinstance(value, dict):
            _put(content[name], value)
        else:
            content[name] = value


def read_splits(paths: Paths, *, source: str, rows: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return the splits of a source, train reduced to `rows` rows."""
    splits = splits_of(paths, source=source)
    first = first_by_hash(splits["train"], rows, seed=seed)
    return {**splits, "train": splits["train"].iloc[first].reset_index(drop=True)}


def _train_and_test(params: Params, paths: Paths, splits: dict[str, pd.DataFrame], *, epochs: int) -> dict[str, float]:
    """Return the test figures of a training and its duration; all its other files are deleted."""
    rows = [pd.util.hash_pandas_object(table).sum().item() for table in splits.values()]
    named = fingerprint([params.model_dump(mode="json"), epochs, rows, code_hash(*protocol.NETWORK_CODE)])
    kept = paths.protocol_report / f"ablation/{named}.json"
    if not kept.is_file():
        started, fold = time.monotonic(), FoldPaths(paths.protocol_state / f"ablation_{named}", paths)
        metrics = run_stages(params, splits, fold=fold, epochs=epochs)
        figures = {figure: round(metrics[figure], 4) for figure in FIGURES}
        write_json(kept, {**figures, "seconds": round(time.monotonic() - started, 1)})
        shutil.rmtree(fold.root)  # it contains crops of people
    finished: dict[str, float] = json.loads(kept.read_text())
    return finished


if __name__ == "__main__":
    main()
