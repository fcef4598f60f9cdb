"""The whole network and the images that it is trained on, for phase 2 and for a search of scope network."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.dataset import make_dataset, make_training_dataset
from agelens.models.network.age_net import build_age_net
from agelens.models.network.backbones import build_backbone
from agelens.models.network.heads import copy_head
from agelens.models.training.objective import loss_weights_of, targets_of
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.training_data.framing import frame_rows, view_side
from agelens.pipeline.training_data.head_data import HeadData
from agelens.tuning.recipe import Recipe


def join_network(params: Params, head: Any) -> Any:
    """Return the whole network: the pretrained backbone with a copy of the head."""
    size, weights = view_side(params), params.model.weights
    backbone = build_backbone(params.model.backbone, input_shape=(size, size, 3), weights=weights, seed=params.seed)
    return build_age_net(backbone, copy_head(head))


def make_image_datasets(
    params: Params,
    paths: Paths,
    data: HeadData,
    *,
    recipe: Recipe,
    outputs: Mapping[str, Any],
    seed: int,
    first_epoch: int = 0,
) -> tuple[Any, int, Any]:
    """Return the training dataset, its batches per epoch, and the validation dataset.

    Args:
        params: The settings; batch size and number of views are those of phase 2.
        paths: Where the crops are.
        data: The rows.
        recipe: Has the strength of augmentation.
        outputs: Outputs of the network, by name; they determine the targets.
        seed: Of the order of the rows and of the views.
        first_epoch: The endless training dataset starts with this epoch.
    """
    section, size = params.train.phase2, view_side(params)
    train, val = (frame_rows(table, params, folder=paths.crops) for table in (data.train, data.val))
    training, steps = make_training_dataset(
        train,
        targets_of(data.train, outputs),
        weights=loss_weights_of(data.train, outputs),
        copies=data.train["copies"].to_numpy(np.int64),
        size=size,
        batch_size=section.batch_size,
        augmentation=from_section(Augmentation, params.augment).scaled(recipe.augment_strength),
        views=section.views,
        seed=seed,
        first_epoch=first_epoch,
    )
    targets = targets_of(data.val, outputs)
    return training, steps, make_dataset(val, targets, size=size, batch_size=section.batch_size)
