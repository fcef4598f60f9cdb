"""The frozen backbone looks at every crop that a head learns from or is judged by, once per view."""

from pathlib import Path

import pandas as pd

from data_prep.images import read_rgb, write_png
from data_prep.tables import SPLIT, TRAIN, read_table
from models.features import FeatureCache, crop_keys
from models.view_sheet import draw_views
from pipeline.choices import augmentation_of
from pipeline.feature_network import open_feature_network
from pipeline.fingerprints import features_fingerprint
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import progress_bar, say


def run(params: Params, paths: Paths) -> None:
    """Extract what the cache lacks: all views of the rebalanced train, the plain view of val."""
    network = open_feature_network(params)
    cache = FeatureCache(paths.features, features_fingerprint(params))
    train = _crops_by_key(read_table(paths.train, TRAIN), paths)
    first = read_rgb(next(iter(train.values())))
    write_png(paths.features_report / "views.png", draw_views(first, augmentation_of(params), seed=params.seed))
    val = _crops_by_key(read_table(paths.split_val, SPLIT), paths)
    extracted = 0
    with progress_bar("extracting features", total=len(val) + params.cache_features.views * len(train)) as advance:
        for view in range(params.cache_features.views):
            extracted += cache.extend(
                train | val if view == 0 else train,
                network,
                view=view,
                size=params.crop_faces.size,
                augmentation=augmentation_of(params),
                seed=params.seed,
                progress=advance,
            )
    cache.remove_views(params.cache_features.views)
    say(f"{extracted} extracted, the rest was there")


def _crops_by_key(table: pd.DataFrame, paths: Paths) -> dict[str, Path]:
    crops = [paths.crops / name for name in table["crop"]]
    return dict(zip(crop_keys(table["image_id"].tolist(), crops), crops, strict=True))
