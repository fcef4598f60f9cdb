"""The models of a search with `scope: network`: both phases of `train` on a subset of the rows.

The head of a trial is first trained on cached features, as in phase 1. Then the head and the top of the backbone are
trained with the trial's learning rate and depth. That rate is constant, so that all rounds of a bracket compare
networks at the same rate.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agelens.models.network.age_net import backbone_of
from agelens.models.network.backbones import build_backbone, unfreeze
from agelens.models.network.batch_norm_folding import fold_age_net
from agelens.models.network.heads import build_head
from agelens.models.network.trunk import build_trunk_and_top
from agelens.models.training.objective import compile_model
from agelens.models.training.phases import PhaseConfig, build_optimizer, fit_phase
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.search.head_factory import head_factory
from agelens.pipeline.training.untuned_recipe import untuned_recipe
from agelens.pipeline.training_data.framing import view_side
from agelens.pipeline.training_data.head_data import HeadData
from agelens.pipeline.training_data.network_data import join_network, make_image_datasets
from agelens.pipeline.training_data.trunk_data import TrunkData, cache_trunk
from agelens.tuning.model_factory import ModelFactory, TrialData
from agelens.tuning.recipe import Recipe, Settings

DISK_FULL_ADVICE = "Lower tune.subset, or also search tune.network_space.augment_strength, which needs no cached trunk."


def model_factory_of(params: Params, paths: Paths, data: HeadData) -> ModelFactory:
    """Return the factory of the models of a search with the scope of `tune.scope`."""
    if params.tune.scope == "network":
        return network_factory(params, paths, data)
    return head_factory(params, data)


def network_factory(params: Params, paths: Paths, data: HeadData) -> ModelFactory:
    """Return the factory of networks that are trained on a subset of the rows.

    If `augment_strength` is not searched, all networks train on the same views; then the output of all layers below
    the deepest layer that any of them trains is computed once. Otherwise every network reads the images.

    Raises:
        ParamsError: The backbone has no layer or block with a name in `unfreeze`, or the disk has too little space.
        DataError: No validation row of the subset has an exact age.
    """
    untuned = untuned_recipe(params)
    deepest = replace(untuned, unfreeze=_deepest(params, untuned))
    rows = data.subset(params.tune.subset, seed=params.seed)
    say(f"searching whole networks on {len(rows.train)} training rows and {len(rows.val)} validation rows")
    trunk = None
    if "augment_strength" not in params.tune.domains:
        trunk = _cache_trunk(params, paths, rows, deepest)
    known = dict[Any, TrialData]()

    def build(settings: Settings, _epochs: int) -> Any:
        recipe = untuned.with_settings(settings)
        network = join_network(params, _train_head(params, rows, recipe))
        unfreeze(backbone_of(network), deepest.unfreeze)
        folded = fold_age_net(network)
        model = folded if trunk is None else build_trunk_and_top(folded)[1]
        unfreeze(backbone_of(network), recipe.unfreeze)
        compile_model(model, recipe.objective, optimizer=build_optimizer(_phase2(params, recipe), steps=1))
        return model

    def find_data(settings: Settings, outputs: Mapping[str, Any], seed: int) -> TrialData:
        if trunk is None:
            recipe = untuned.with_settings(settings)
            return make_image_datasets(params, paths, rows, recipe=recipe, outputs=outputs, seed=seed)
        key = (*sorted(outputs), seed)
        if key not in known:
            batch_size = params.train.phase2.batch_size
            known[key] = trunk.datasets(rows, outputs=outputs, batch_size=batch_size, seed=seed)
        return known[key]

    return ModelFactory(build, find_data)


def remove_activations(paths: Paths) -> None:
    """Remove the cached output of the trunk; it is large, and no other search can use it."""
    shutil.rmtree(_activations(paths), ignore_errors=True)


def _activations(paths: Paths) -> Path:
    return paths.tune_state / "trunk"


def _deepest(params: Params, untuned: Recipe) -> str | int:
    """Return the value of `unfreeze` in the space that trains most layers; raise if the backbone lacks any of them."""
    size = view_side(params)
    backbone = build_backbone(params.model.backbone, input_shape=(size, size, 3), weights="none")
    domain = params.tune.domains.get("unfreeze")
    searched = [] if domain is None else domain.choices or [domain.high]
    trained_layers = {untuned.unfreeze: unfreeze(backbone, untuned.unfreeze)}
    trained_layers |= {first: unfreeze(backbone, first, setting="tune.network_space.unfreeze") for first in searched}
    deepest: str | int = max(trained_layers, key=trained_layers.__getitem__)
    return deepest


def _train_head(params: Params, rows: HeadData, recipe: Recipe) -> Any:
    """Return a head trained as in phase 1."""
    head = build_head(recipe.head, features=rows.width, groups=len(params.age_groups), start_age=rows.start_age)
    section = params.train.phase1
    config = recipe.first_phase(from_section(PhaseConfig, section))
    training, steps, validation = rows.datasets(outputs=head.output, batch_size=section.batch_size, seed=params.seed)
    compile_model(head, recipe.objective, optimizer=build_optimizer(config, steps=steps))
    fit_phase(head, training, steps=steps, validation=validation, config=config, phase=1)
    return head


def _phase2(params: Params, recipe: Recipe) -> PhaseConfig:
    phase = from_section(PhaseConfig, params.train.phase2)
    return replace(phase, learning_rate=recipe.phase2_learning_rate, schedule="constant")


def _cache_trunk(params: Params, paths: Paths, rows: HeadData, deepest: Recipe) -> TrunkData:
    """Compute the output of all layers below the deepest trained layer, for as many views as a trial can use."""
    head = build_head(deepest.head, features=rows.width, groups=len(params.age_groups))
    network = join_network(params, head)
    unfreeze(backbone_of(network), deepest.unfreeze)
    views_of_trial = params.tune.max_epochs * int(rows.train["copies"].max())
    return cache_trunk(
        params,
        rows,
        network=fold_age_net(network),
        recipe=deepest,
        views=min(params.train.phase2.views, views_of_trial),
        crops=paths.crops,
        folder=_activations(paths),
        instead=DISK_FULL_ADVICE,
    )
