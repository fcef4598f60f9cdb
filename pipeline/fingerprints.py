"""Short hashes that name a result by all that it depends on, so that nothing stale is ever used again."""

import hashlib
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.params import Params

CROP_CODE = ("data_prep.boxes", "data_prep.crop", "data_prep.detect", "data_prep.images")
"""Modules that decide what a crop looks like; a crop made by other code is made again."""

FEATURE_CODE = (
    "data_prep.augment",
    "data_prep.dataset",
    "models.age_net",
    "models.backbones",
    "models.efficientnet_lite",
    "models.runtime",
)
"""Modules that decide what a feature is."""


def fingerprint(content: Any) -> str:
    """Return a short hash of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def features_fingerprint(params: Params) -> str:
    """Return what names the cached features: all that they depend on but the crops, which have keys of their own."""
    return fingerprint(
        {
            "backbone": params.model.backbone,
            "weights": params.model.weights,
            "size": params.crop_faces.size,
            "augment": params.augment.model_dump(),
            "seed": params.seed,
            "code": code_hash(FEATURE_CODE),
        }
    )


def tune_fingerprint(params: Params) -> str:
    """Return what names a search: its settings and everything that its scores depend on."""
    return fingerprint(
        {
            "features": features_fingerprint(params),
            "views": params.cache_features.views,
            "sections": [
                section.model_dump(mode="json")
                for section in (params.tune, params.loss, params.model, params.split, params.rebalance)
            ],
            "crops": params.crop_faces.model_dump(),
            "sources": {name: source.model_dump(mode="json") for name, source in params.sources.items()},
            "age_groups": params.age_groups,
        }
    )


def crops_fingerprint(params: Params, *, detector: Path) -> str:
    """Return what names the crops: the detector, the settings and the code that made them."""
    return fingerprint(
        {
            "detector": file_hash(detector),
            "settings": params.crop_faces.model_dump(),
            "no_face": {name: source.no_face for name, source in params.sources.items()},
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
