"""Compute the features of the frozen backbone for every view of the training crops, and for the validation crops.

Training features may be computed in half precision, whose errors are small beside augmentation. Validation features are
computed in float32, as in the exported model.
"""

from typing import Any

import pandas as pd

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.images import write_png
from agelens.data_prep.core.openvino_requests import FeatureSplit
from agelens.data_prep.core.tables import SPLIT, TRAIN, read_table
from agelens.models.caches.features import crop_keys
from agelens.models.serving.runtime import OpenVinoNetwork
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.contact_sheets.view_sheet import draw_views
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.training_data.feature_extraction import convert_feature_network, extract_views, feature_cache
from agelens.pipeline.training_data.framing import frame_rows, read_view, view_side


def run(params: Params, paths: Paths) -> None:
    """Extract the features that the caches lack, and draw a contact sheet of the views of one crop."""
    section, graph = params.cache_features, convert_feature_network(params)
    train = _crops_by_key(read_table(paths.train, TRAIN), params, paths)
    val = _crops_by_key(read_table(paths.split_val, SPLIT), params, paths)
    first = read_view(next(iter(train.values())), side=view_side(params))
    sheet = draw_views(first, from_section(Augmentation, params.augment), seed=params.seed)
    write_png(paths.features_report / "views.png", sheet)
    parts: dict[FeatureSplit, Any] = {"train": (train, section.views), "val": (val, 1)}
    extracted = 0
    with progress_bar("extracting features", total=len(val) + section.views * len(train)) as advance:
        for part, (crops, views) in parts.items():
            network = OpenVinoNetwork(graph, precision=section.precision_of(part), many=True)
            cache = feature_cache(params, paths, part)
            extracted += extract_views(params, cache, crops, network=network, views=views, progress=advance)
            cache.remove_views(views)
    say(f"{extracted} features extracted, the others were cached")


def _crops_by_key(table: pd.DataFrame, params: Params, paths: Paths) -> dict[str, FramedCrop]:
    crops = frame_rows(table, params, folder=paths.crops)
    return dict(zip(crop_keys(table["image_id"].tolist(), crops), crops, strict=True))
