"""Short hashes that name a result by all that it depends on, so that nothing stale is ever used again."""

import hashlib
import json
from typing import Any

from pipeline.params import Params


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
