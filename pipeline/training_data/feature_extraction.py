"""Extraction of features: the frozen backbone on OpenVINO, and the caches of its features."""

from collections.abc import Callable, Mapping
from typing import Any

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.openvino_requests import FeatureSplit
from agelens.models.caches.features import FeatureCache
from agelens.models.network.age_net import build_feature_net
from agelens.models.network.backbones import build_backbone
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network
from agelens.pipeline.config.fingerprints import features_fingerprint
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.training_data.framing import view_side


def convert_feature_network(params: Params) -> Any:
    """Return the OpenVINO graph from views of faces to pooled features of the frozen backbone."""
    size, weights = view_side(params), params.model.weights
    backbone = build_backbone(params.model.backbone, input_shape=(size, size, 3), weights=weights, seed=params.seed)
    return convert_network(build_feature_net(backbone))


def feature_cache(params: Params, paths: Paths, part: FeatureSplit) -> FeatureCache:
    """Return the cache of training features (`train`) or of validation features (`val`)."""
    return FeatureCache(paths.features / part, features_fingerprint(params, part=part))


def extract_views(
    params: Params,
    cache: FeatureCache,
    crops: Mapping[str, FramedCrop],
    *,
    network: OpenVinoNetwork,
    views: int,
    progress: Callable[[int], None],
) -> int:
    """Extract the features that a cache lacks, and return their number.

    Args:
        params: The settings.
        cache: Where the features go.
        crops: Files by key, see `agelens.models.caches.features.crop_keys`.
        network: Computes features.
        views: Number of views of each crop.
        progress: Called with the number of crops that have been done.
    """
    augmentation = from_section(Augmentation, params.augment)
    return sum(
        cache.extend(
            crops,
            network,
            view=view,
            size=view_side(params),
            augmentation=augmentation,
            seed=params.seed,
            progress=progress,
        )
        for view in range(views)
    )
