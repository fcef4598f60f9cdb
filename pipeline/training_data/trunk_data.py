"""The training data of the top of the network: the output of the frozen trunk for every crop and view."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.openvino_requests import FeatureSplit
from agelens.models.caches.trunk_cache import Activations, TrunkCache
from agelens.models.network.trunk import build_trunk_and_top
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network
from agelens.pipeline.config.code_hashes import code_hash
from agelens.pipeline.config.fingerprints import TRUNK_CODE, features_fingerprint, fingerprint
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.training_data.framing import frame_rows, view_side
from agelens.pipeline.training_data.head_data import HeadData
from agelens.tuning.recipe import Recipe


@dataclass(frozen=True)
class TrunkData:
    """The top of a network, and the cached outputs of its trunk.

    Args:
        top: A model that shares its layers with the network.
        train: Outputs of the trunk for the training rows, one array for each view.
        val: The same for the validation rows, unaugmented.
        caches: The files behind them.
    """

    top: Any
    train: Sequence[Activations]
    val: Activations
    caches: Sequence[TrunkCache]

    def datasets(
        self, data: HeadData, *, outputs: Mapping[str, Any], batch_size: int, seed: int, first_epoch: int = 0
    ) -> tuple[Any, int, Any]:
        """Return the training dataset, its batches per epoch, and the validation dataset; see `HeadData.datasets`."""
        return data.cached_datasets(
            self.train, self.val, outputs=outputs, batch_size=batch_size, seed=seed, first_epoch=first_epoch
        )

    def remove(self) -> None:
        """Remove the files."""
        for cache in self.caches:
            cache.remove()


def cache_trunk(
    params: Params,
    data: HeadData,
    *,
    network: Any,
    recipe: Recipe,
    views: int,
    crops: Path,
    folder: Path,
    instead: str,
) -> TrunkData:
    """Compute the output of the trunk for all crops and views that are not cached, after printing its size.

    Args:
        params: The settings.
        data: The rows.
        network: With the layers unfrozen that the recipe names.
        recipe: Has the layers to unfreeze and the strength of augmentation.
        views: Number of views of each training crop.
        crops: Folder of the crops.
        folder: Where the cache goes.
        instead: Advice that ends the error about a full disk.

    Raises:
        ParamsError: The disk has too little space.
    """
    trunk, top = build_trunk_and_top(network)
    augmentation = from_section(Augmentation, params.augment).scaled(recipe.augment_strength)
    code = [features_fingerprint(params), code_hash(*TRUNK_CODE)]
    name = fingerprint([data.fingerprint, code, recipe.unfreeze, recipe.augment_strength])
    parts: dict[FeatureSplit, Any] = {"train": (data.train, views), "val": (data.val, 1)}
    caches = {part: TrunkCache(folder / part, name, trunk.output_shape[1:]) for part in parts}
    needed = sum(caches[part].bytes_of(len(table), views=views) for part, (table, views) in parts.items())
    batch = 4 * int(np.prod(trunk.output_shape[1:])) * params.train.phase2.batch_size
    say(
        f"cached trunk: {views} views of {len(data.train)} crops, {needed / 1e9:.2f} GB on disk in {folder}, "
        f"{batch / 1e6:.0f} MB of memory per batch"
    )
    graph, kept = convert_network(trunk), {}
    with progress_bar("caching the trunk", total=sum(len(table) * views for table, views in parts.values())) as advance:
        for part, (table, count) in parts.items():
            caches[part].check_room(len(table), views=count, instead=instead)
            framed = frame_rows(table, params, folder=crops)
            runtime = OpenVinoNetwork(graph, precision=params.cache_features.precision_of(part), many=True)
            kept[part] = [
                _cache_view(caches[part], framed, runtime, params, augmentation, view=view, progress=advance)
                for view in range(count)
            ]
    return TrunkData(top=top, train=kept["train"], val=kept["val"][0], caches=list(caches.values()))


def _cache_view(
    cache: TrunkCache,
    crops: Sequence[FramedCrop],
    runtime: OpenVinoNetwork,
    params: Params,
    augmentation: Augmentation,
    *,
    view: int,
    progress: Callable[[int], None],
) -> Activations:
    return cache.extend(
        crops,
        runtime,
        view=view,
        size=view_side(params),
        augmentation=augmentation,
        seed=params.seed,
        progress=progress,
    )
