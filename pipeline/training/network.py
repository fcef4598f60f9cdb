"""Phase 2: the head and the top of the backbone are trained together, on images or on a cached trunk."""

from dataclasses import replace
from typing import Any

import keras

from agelens.models.network.age_net import backbone_of
from agelens.models.network.backbones import unfreeze
from agelens.models.network.batch_norm_folding import fold_age_net
from agelens.models.training.history import EpochRecord, best_epoch
from agelens.models.training.phases import PhaseConfig
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.training.phase import PhaseTrainer
from agelens.pipeline.training_data.head_data import HeadData
from agelens.pipeline.training_data.network_data import join_network, make_image_datasets
from agelens.pipeline.training_data.trunk_data import TrunkData, cache_trunk
from agelens.tuning.recipe import Recipe


def train_network(
    params: Params,
    paths: Paths,
    data: HeadData,
    recipe: Recipe,
    trainer: PhaseTrainer,
    *,
    head: Any,
    first: list[EpochRecord],
) -> tuple[Any, list[EpochRecord]]:
    """Return the network with its best weights, and the history of phase 2.

    Args:
        params: The settings.
        paths: Where crops and the cached trunk are.
        data: Rows and cached features.
        recipe: What to unfreeze, and how to train it.
        trainer: Runs the phase.
        head: Trained by phase 1.
        first: The history of phase 1. If no epoch of phase 2 has a lower validation MAE, the weights of phase 1 stay.
    """
    keras.mixed_precision.set_global_policy(params.train.precision)
    network = join_network(params, head)
    start = network.get_weights()
    _unfreeze(params, network, recipe)
    folded = fold_age_net(network)
    trunk = _trunk_data(params, paths, data, folded, recipe) if params.train.phase2.trunk == "cached" else None

    def datasets_from(first_epoch: int) -> tuple[Any, int, Any]:
        outputs, seed, size = network.output, params.seed, params.train.phase2.batch_size
        if trunk is not None:
            return trunk.datasets(data, outputs=outputs, batch_size=size, seed=seed, first_epoch=first_epoch)
        return make_image_datasets(
            params, paths, data, recipe=recipe, outputs=outputs, seed=seed, first_epoch=first_epoch
        )

    model = folded if trunk is None else trunk.top
    config = replace(from_section(PhaseConfig, params.train.phase2), learning_rate=recipe.phase2_learning_rate)
    second = trainer.fit(model, datasets_from, recipe.objective, config=config, phase=2, first_epoch=len(first))
    if trunk is not None:
        trunk.remove()
    if best_epoch(first).val_age_mae <= best_epoch(second).val_age_mae:
        say("phase 2 did not lower the validation MAE; the weights of phase 1 are kept")
        network.set_weights(start)
    return _in_float32(params, network, head), second


def _unfreeze(params: Params, network: Any, recipe: Recipe) -> None:
    backbone = backbone_of(network)
    unfrozen = unfreeze(backbone, recipe.unfreeze)
    say(
        f"phase 2: {unfrozen} of {len(backbone.weights)} arrays of {params.model.backbone} are trained, "
        "BatchNormalization stays frozen"
    )


def _trunk_data(params: Params, paths: Paths, data: HeadData, network: Any, recipe: Recipe) -> TrunkData:
    return cache_trunk(
        params,
        data,
        network=network,
        recipe=recipe,
        views=params.train.phase2.views,
        crops=paths.crops,
        folder=paths.trunk,
        instead="Lower train.phase2.views, or set train.phase2.trunk to live.",
    )


def _in_float32(params: Params, network: Any, head: Any) -> Any:
    """Return the network without mixed precision, whose casts the exported graph cannot contain."""
    if params.train.precision == "float32":
        return network
    keras.mixed_precision.set_global_policy("float32")
    plain = join_network(params, head)
    plain.set_weights(network.get_weights())
    return plain
