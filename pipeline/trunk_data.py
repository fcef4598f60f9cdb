"""What the top of the network learns from in phase 2: the frozen trunk's output for every crop and view."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.dataset import make_feature_dataset, make_plain_feature_dataset
from models.objective import loss_weights_of, targets_of
from models.runtime import Network, convert_network
from models.trunk import build_trunk_and_top
from models.trunk_cache import Activations, TrunkCache
from pipeline.choices import augmentation_of
from pipeline.fingerprints import features_fingerprint, fingerprint
from pipeline.head_data import HeadData
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import progress_bar, say


@dataclass(frozen=True)
class TrunkData:
    """The top, which shares its layers with the network, and the activations that it learns from."""

    top: Any
    train: Sequence[Activations]
    val: Activations
    caches: Sequence[TrunkCache]

    def datasets(self, params: Params, data: HeadData, *, first_epoch: int) -> tuple[Any, int, Any]:
        """Return an endless training dataset from an epoch on, its batches in an epoch, and the validation dataset."""
        section = params.train.phase2
        training, steps = make_feature_dataset(
            self.train,
            targets_of(data.train, self.top.output),
            weights=loss_weights_of(data.train, self.top.output),
            copies=data.train["copies"].to_numpy(np.int64),
            batch_size=section.batch_size,
            seed=params.seed,
            first_epoch=first_epoch,
        )
        targets = targets_of(data.val, self.top.output)
        return training, steps, make_plain_feature_dataset(self.val, targets, batch_size=section.batch_size)

    def remove(self) -> None:
        """Remove the activations."""
        for cache in self.caches:
            cache.remove()


def cache_trunk(params: Params, paths: Paths, data: HeadData, *, network: Any) -> TrunkData:
    """Compute the trunk's output for all crops and views, as far as it is not there, after saying what it costs.

    Raises:
        ParamsError: The disk has no room for it.
    """
    trunk, top = build_trunk_and_top(network)
    name = fingerprint([data.fingerprint, features_fingerprint(params), params.train.phase2.unfreeze])
    parts = {"train": (data.train, params.train.phase2.views), "val": (data.val, 1)}
    caches = {part: TrunkCache(paths.trunk / part, f"{name}", trunk.output_shape[1:]) for part in parts}
    needed = sum(caches[part].bytes_of(len(table), views=views) for part, (table, views) in parts.items())
    batch = 4 * int(np.prod(trunk.output_shape[1:])) * params.train.phase2.batch_size
    say(
        f"trunk: cached, {params.train.phase2.views} views of {len(data.train)} crops, {needed / 1e9:.2f} GB on disk "
        f"in {paths.trunk}, {batch / 1e6:.0f} MB of memory a batch; only the top is trained"
    )
    runtime, kept = Network(convert_network(trunk)), {}
    with progress_bar("trunk, crops", total=sum(len(table) * views for table, views in parts.values())) as advance:
        for part, (table, views) in parts.items():
            caches[part].check_room(len(table), views=views)
            crops = [paths.crops / crop for crop in table["crop"]]
            kept[part] = [
                _view(caches[part], crops, runtime, params, view=view, progress=advance) for view in range(views)
            ]
    return TrunkData(top=top, train=kept["train"], val=kept["val"][0], caches=list(caches.values()))


def _view(
    cache: TrunkCache,
    crops: Sequence[Path],
    runtime: Network,
    params: Params,
    *,
    view: int,
    progress: Callable[[int], None],
) -> Activations:
    return cache.extend(
        crops,
        runtime,
        view=view,
        size=params.crop_faces.size,
        augmentation=augmentation_of(params),
        seed=params.seed,
        progress=progress,
    )
