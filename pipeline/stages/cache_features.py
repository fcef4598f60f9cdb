"""The frozen backbone looks at every crop that a head learns from or is judged by, once per view.

What a head learns from may be in half precision, which is one more small change among those of augmentation; what it
is judged by is in float32, as it will be served.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from data_prep.images import read_rgb, write_png
from data_prep.inference import Part
from data_prep.tables import SPLIT, TRAIN, read_table
from models.features import crop_keys
from models.runtime import Network
from models.view_sheet import draw_views
from pipeline.choices import augmentation_of
from pipeline.feature_network import convert_feature_network, extract_views, feature_cache
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import progress_bar, say


def run(params: Params, paths: Paths) -> None:
    """Extract what the caches lack: all views of the rebalanced train, and the plain view of val in full precision."""
    section, graph = params.cache_features, convert_feature_network(params)
    train = _crops_by_key(read_table(paths.train, TRAIN), paths)
    val = _crops_by_key(read_table(paths.split_val, SPLIT), paths)
    first = read_rgb(next(iter(train.values())))
    write_png(paths.features_report / "views.png", draw_views(first, augmentation_of(params), seed=params.seed))
    parts: dict[Part, Any] = {"train": (train, section.views), "val": (val, 1)}
    extracted = 0
    with progress_bar("extracting features", total=len(val) + section.views * len(train)) as advance:
        for part, (crops, views) in parts.items():
            network = Network(graph, precision=section.precision_of(part), many=True)
            cache = feature_cache(params, paths, part)
            extracted += extract_views(params, cache, crops, network=network, views=views, progress=advance)
            cache.remove_views(views)
    say(f"{extracted} extracted, the rest was there")


def _crops_by_key(table: pd.DataFrame, paths: Paths) -> dict[str, Path]:
    crops = [paths.crops / name for name in table["crop"]]
    return dict(zip(crop_keys(table["image_id"].tolist(), crops), crops, strict=True))
