"""Short hashes that name a result by all that it depends on, so that nothing stale is ever used again."""

import hashlib
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.openvino_requests import FeatureSplit
from agelens.pipeline.config.params import Params

CROP_CODE = (
    "agelens.data_prep.core.boxes",
    "agelens.data_prep.faces.crop",
    "agelens.data_prep.faces.detector",
    "agelens.data_prep.faces.cropper",
    "agelens.data_prep.core.images",
    "agelens.data_prep.core.openvino_requests",
    "agelens.data_prep.faces.torch_detector",
)
"""Modules that decide what a crop looks like; a crop made by other code is made again."""

CROP_SETTINGS = ("precision", "min_score", "size", "margin_fraction", "square")
"""Settings that decide what a crop looks like, whichever image it is of."""

FEATURE_CODE = (
    "agelens.data_prep.batches.augment",
    "agelens.data_prep.batches.dataset",
    "agelens.data_prep.core.openvino_requests",
    "agelens.models.network.age_net",
    "agelens.models.network.backbones",
    "agelens.models.network.efficientnet_lite",
    "agelens.models.serving.runtime",
    "agelens.weights.lite0",
    "agelens.weights.registry",
)
"""Modules that decide what a feature is."""

TUNE_CODE = (
    "agelens.models.network.heads",
    "agelens.models.training.losses",
    "agelens.models.training.keras_metrics",
    "agelens.models.training.objective",
    "agelens.models.training.phases",
    "agelens.pipeline.search.head_factory",
    "agelens.pipeline.search.search_space",
    "agelens.pipeline.config.from_params",
    "agelens.pipeline.training_data.head_data",
    "agelens.tuning.model_factory",
    "agelens.tuning.keras_tuner_patches",
    "agelens.tuning.recipe",
    "agelens.tuning.search",
    "agelens.tuning.space",
    "agelens.tuning.search_progress",
)
"""Modules that decide what a head scores on its features."""

NETWORK_CODE = (
    "agelens.data_prep.splits.split",
    "agelens.models.training.averaging",
    "agelens.models.training.checkpoint",
    "agelens.models.network.folding",
    "agelens.models.training.history",
    "agelens.models.network.trunk",
    "agelens.models.caches.trunk_cache",
    "agelens.pipeline.search.network_factory",
)
"""Modules that decide, beside those, what a whole network scores in a search."""

RATES = {"learning_rate", "weight_decay", "schedule", "plateau_patience"}
"""Settings of phase 1 that an untuned head is trained with in a search, too."""

TRUNK_CODE = ("agelens.models.network.folding", "agelens.models.network.trunk", "agelens.models.caches.trunk_cache")
"""Modules that decide what a trunk's output is, beside those of a feature."""

TRAIN_CODE = (
    "agelens.models.training.averaging",
    "agelens.models.training.checkpoint",
    "agelens.models.network.folding",
    "agelens.models.network.heads",
    "agelens.models.training.history",
    "agelens.models.training.losses",
    "agelens.models.training.keras_metrics",
    "agelens.models.training.objective",
    "agelens.models.training.phases",
    "agelens.models.network.trunk",
    "agelens.models.caches.trunk_cache",
    "agelens.pipeline.config.from_params",
    "agelens.pipeline.training_data.network_data",
    "agelens.tuning.recipe",
)
"""Modules that decide what a training ends with; one that was stopped is not gone on with by other code."""


def fingerprint(content: Any) -> str:
    """Return a short hash of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def features_fingerprint(params: Params, *, part: FeatureSplit = "train") -> str:
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
