"""Short hashes that name a result by all that it depends on, so that nothing stale is ever used again."""

import hashlib
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from data_prep.inference import Part
from pipeline.params import Params

CROP_CODE = (
    "data_prep.boxes",
    "data_prep.crop",
    "data_prep.detect",
    "data_prep.face_cropper",
    "data_prep.images",
    "data_prep.inference",
    "data_prep.yolo",
)
"""Modules that decide what a crop looks like; a crop made by other code is made again."""

CROP_SETTINGS = ("precision", "min_score", "size", "margin_fraction", "square")
"""Settings that decide what a crop looks like, whichever image it is of."""

FEATURE_CODE = (
    "data_prep.augment",
    "data_prep.dataset",
    "data_prep.inference",
    "models.age_net",
    "models.backbones",
    "models.efficientnet_lite",
    "models.runtime",
    "weights.lite0",
    "weights.registry",
)
"""Modules that decide what a feature is."""

TUNE_CODE = (
    "models.heads",
    "models.losses",
    "models.metrics",
    "models.objective",
    "models.training",
    "pipeline.candidates",
    "pipeline.choices",
    "pipeline.head_data",
    "tuning.candidates",
    "tuning.oracle",
    "tuning.recipe",
    "tuning.search",
    "tuning.space",
    "tuning.standing",
)
"""Modules that decide what a head scores on its features."""

NETWORK_CODE = (
    "data_prep.split",
    "models.averaging",
    "models.checkpoint",
    "models.folding",
    "models.history",
    "models.trunk",
    "models.trunk_cache",
    "pipeline.network_candidates",
)
"""Modules that decide, beside those, what a whole network scores in a search."""

RATES = {"learning_rate", "weight_decay", "schedule", "plateau_patience"}
"""Settings of phase 1 that an untuned head is trained with in a search, too."""

TRUNK_CODE = ("models.folding", "models.trunk", "models.trunk_cache")
"""Modules that decide what a trunk's output is, beside those of a feature."""

TRAIN_CODE = (
    "data_prep.growing",
    "models.averaging",
    "models.checkpoint",
    "models.folding",
    "models.heads",
    "models.history",
    "models.losses",
    "models.metrics",
    "models.objective",
    "models.training",
    "models.trunk",
    "models.trunk_cache",
    "pipeline.choices",
    "pipeline.whole_network",
    "tuning.recipe",
)
"""Modules that decide what a training ends with; one that was stopped is not gone on with by other code."""


def fingerprint(content: Any) -> str:
    """Return a short hash of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def features_fingerprint(params: Params, *, part: Part = "train") -> str:
    """Return what names the cached features: all that they depend on but the crops, which have keys of their own.

    Args:
        params: The settings.
        part: Whether the features are to learn from or to judge by.
    """
    return fingerprint(
        {
            "backbone": params.model.backbone,
            "weights": _weights_content(params.model.weights),
            "size": params.crop_faces.size,
            "augment": params.augment.model_dump(),
            "precision": params.cache_features.precision_of(part),
            "seed": params.seed,
            "code": code_hash(FEATURE_CODE),
        }
    )


def _weights_content(weights: str) -> str:
    """Return the hash of a file of weights, or the name: of published ones, or of a file that is not there."""
    path = Path(weights)
    return file_hash(path) if weights not in {"imagenet", "none"} and path.is_file() else weights


def rows_fingerprint(tables: Sequence[Path], *, keys: Sequence[str]) -> str:
    """Return what names the rows that a head learns from: their tables, and the keys of their crops."""
    return fingerprint({"tables": [file_hash(table) for table in tables], "keys": list(keys)})


def tune_fingerprint(params: Params, *, rows: str) -> str:
    """Return what names a search: the `rows_fingerprint` and all else that its scores depend on."""
    network = params.tune.scope == "network"
    unused = {"retrain"} if network else {"retrain", "subset", "network_space"}
    return fingerprint(
        {
            "rows": rows,
            "features": features_fingerprint(params),
            "views": params.cache_features.views,
            "search": params.tune.model_dump(mode="json", exclude=unused),
            "untuned": [section.model_dump(mode="json") for section in (params.loss, params.model)],
            "rates": params.train.phase1.model_dump(mode="json", include=RATES),
            "phases": _phases_of_trials(params) if network else [],
            "seed": params.seed,
            "age_groups": params.age_groups,
            "code": code_hash((*TUNE_CODE, *NETWORK_CODE) if network else TUNE_CODE),
        }
    )


def _phases_of_trials(params: Params) -> list[dict[str, Any]]:
    """Return what a search of whole networks takes over from both phases of `train`."""
    second = {"batch_size", "learning_rate", "weight_decay", "views", "unfreeze"}
    return [
        params.train.phase1.model_dump(mode="json", exclude={"lr_factor"}),
        params.train.phase2.model_dump(mode="json", include=second),
    ]


def train_fingerprint(params: Params, *, rows: str, recipe: Any) -> str:
    """Return what names a training: the `rows_fingerprint`, the head and how it is trained, and all else."""
    return fingerprint(
        {
            "rows": rows,
            "recipe": recipe,
            "features": features_fingerprint(params),
            "views": params.cache_features.views,
            "sections": [section.model_dump(mode="json") for section in (params.train, params.loss, params.model)],
            "seed": params.seed,
            "age_groups": params.age_groups,
            "code": code_hash(TRAIN_CODE),
        }
    )


def crops_fingerprint(params: Params, *, detector: Path) -> str:
    """Return what names the crops: the detector, the settings and the code that made them.

    What a source asks for (the detector's square, what to do without a face) is judged image by image, so that a change
    redoes no other source's crops. Limits on faces are judged when the tables are made, and redo none.
    """
    return fingerprint(
        {
            "detector": [detector.suffix, file_hash(detector)],
            "settings": params.crop_faces.model_dump(include=set(CROP_SETTINGS)),
            "code": code_hash(CROP_CODE),
        }
    )


def code_hash(modules: Sequence[str]) -> str:
    """Return a short hash of the source of modules, without importing them."""
    origins = [spec.origin for spec in map(find_spec, modules) if spec is not None and spec.origin is not None]
    return hashlib.sha256(b"".join(Path(origin).read_bytes() for origin in origins)).hexdigest()[:16]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
