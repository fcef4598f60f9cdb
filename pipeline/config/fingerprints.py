"""Short hashes of everything that a result depends on: a cached result is reused only under the same hash."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.openvino_requests import FeatureSplit
from agelens.pipeline.config.code_hashes import code_hash
from agelens.pipeline.config.params import Params
from agelens.pipeline.training_data.framing import view_side

CROP_CODE = ("agelens.data_prep.faces.cropper", "agelens.data_prep.faces.torch_detector")
FEATURE_CODE = ("agelens.pipeline.training_data.feature_extraction",)
TRUNK_CODE = (
    "agelens.models.caches.trunk_cache",
    "agelens.models.network.batch_norm_folding",
    "agelens.models.network.trunk",
)
HEAD_SEARCH_CODE = (
    "agelens.pipeline.search.head_factory",
    "agelens.pipeline.search.search_space",
    "agelens.tuning.retraining",
    "agelens.tuning.search",
)
NETWORK_SEARCH_CODE = (*HEAD_SEARCH_CODE, "agelens.pipeline.search.network_factory")
TRAIN_CODE = ("agelens.pipeline.stages.train",)
"""Modules that make each kind of result. All that they import counts too; see `code_hashes.import_closure`."""

CROP_SETTINGS = ("precision", "min_score", "fallback_score", "size", "margin_fraction", "square")
"""Settings that change the crop of any image."""

NOT_TRAINED = {"flip_average"}
"""Settings of the model that apply after training."""

NOT_IN_TRIALS = {
    "retrain",
    *("tuner", "max_epochs", "factor", "hyperband_iterations", "max_trials", "initial_points", "exploration"),
}
"""Settings of a search that its trials do not depend on, or that `SearchConfig.used_settings` returns."""

PHASE1_RATES = {"learning_rate", "weight_decay", "schedule", "plateau_patience"}
"""Settings of phase 1 that a search trains the untuned head with."""


def fingerprint(content: Any) -> str:
    """Return a short hash of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def features_fingerprint(params: Params, *, part: FeatureSplit = "train") -> str:
    """Return the hash of everything that cached features depend on except the crops, which have their own keys.

    Args:
        params: The settings.
        part: `train` for features to learn from, `val` for features to validate with.
    """
    return fingerprint(
        {
            "backbone": params.model.backbone,
            "weights": _weights_content(params.model.weights),
            "size": [params.crop_faces.size, view_side(params)],
            "augment": params.augment.model_dump(),
            "precision": params.cache_features.precision_of(part),
            "seed": params.seed,
            "code": code_hash(*FEATURE_CODE),
        }
    )


def _weights_content(weights: str) -> str:
    """Return the hash of a weights file, or the name of published weights or of a missing file."""
    path = Path(weights)
    return file_hash(path) if weights not in {"imagenet", "dlib", "none"} and path.is_file() else weights


def rows_fingerprint(tables: Sequence[Path], *, keys: Sequence[str]) -> str:
    """Return the hash of the rows that a head learns from: their tables and the keys of their crops."""
    return fingerprint({"tables": [file_hash(table) for table in tables], "keys": list(keys)})


def tune_fingerprint(params: Params, *, rows: str) -> str:
    """Return the hash of everything that the scores of a search depend on, with the `rows_fingerprint`."""
    network = params.tune.scope == "network"
    unused = NOT_IN_TRIALS if network else NOT_IN_TRIALS | {"subset", "network_space"}
    return fingerprint(
        {
            "rows": rows,
            "features": features_fingerprint(params),
            "views": params.cache_features.views,
            "search": params.tune.model_dump(mode="json", exclude=unused),
            "tuner": params.tune.config(seed=params.seed).used_settings(),
            "untuned": [_used_loss(params), params.model.model_dump(mode="json", exclude=NOT_TRAINED)],
            "rates": params.train.phase1.model_dump(mode="json", include=PHASE1_RATES),
            "phases": _phases_of_trials(params) if network else [],
            "seed": params.seed,
            "age_groups": params.age_groups,
            "code": code_hash(*(NETWORK_SEARCH_CODE if network else HEAD_SEARCH_CODE)),
        }
    )


def _used_loss(params: Params) -> dict[str, Any]:
    """Return the settings of the losses, without the weights of attributes that no head predicts."""
    unused = params.loss.attribute_weights.keys() - set(params.model.attributes)
    return params.loss.model_dump(mode="json", exclude={"attribute_weights": unused})


def _phases_of_trials(params: Params) -> list[dict[str, Any]]:
    """Return the settings of both phases of `train` that a search of whole networks uses."""
    second = {"batch_size", "learning_rate", "weight_decay", "views", "unfreeze"}
    return [
        params.train.phase1.model_dump(mode="json", exclude={"lr_factor"}),
        params.train.phase2.model_dump(mode="json", include=second),
    ]


def train_fingerprint(params: Params, *, rows: str, recipe: Any) -> str:
    """Return the hash of everything that a training depends on, with the `rows_fingerprint` and the recipe.

    Args:
        params: The settings; those of `model` and `loss` are in the recipe, or in the features.
        rows: The `rows_fingerprint`.
        recipe: Of `agelens.pipeline.training.chosen_recipe.effective_recipe`.
    """
    return fingerprint(
        {
            "rows": rows,
            "recipe": recipe,
            "features": features_fingerprint(params),
            "views": params.cache_features.views,
            "train": params.train.model_dump(mode="json", exclude={"use_tuned"}),
            "seed": params.seed,
            "age_groups": params.age_groups,
            "code": code_hash(*TRAIN_CODE),
        }
    )


def crops_fingerprint(params: Params, *, detector: Path) -> str:
    """Return the hash of the detector, the settings and the code that make crops.

    Settings of a source (the detector's square, what to do without a face) are compared for each image, so that a
    change re-crops no other source. Limits on faces apply when the tables are made and re-crop nothing.
    """
    return fingerprint(
        {
            "detector": [detector.suffix, file_hash(detector)],
            "settings": params.crop_faces.model_dump(include=set(CROP_SETTINGS)),
            "code": code_hash(*CROP_CODE),
        }
    )
