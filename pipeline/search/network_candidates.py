"""Whole networks for the search to try: both phases of `train` on a subset of the rows.

A candidate's head is first trained on cached features as phase 1 would; then head and top of the backbone learn at the
candidate's own rate and depth. That rate stays constant, so that all rungs compare networks under one rate.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agelens.models.network.age_net import backbone_of
from agelens.models.network.backbones import build_backbone, unfreeze
from agelens.models.network.folding import fold_age_net
from agelens.models.network.heads import build_head
from agelens.models.network.trunk import build_trunk_and_top
from agelens.models.training.objective import compile_model
from agelens.models.training.phases import PhaseConfig, build_optimizer, fit_phase
from agelens.pipeline.config.from_params import phase_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.search.search_space import head_candidates, recipe_of
from agelens.pipeline.training_data.head_data import HeadData
from agelens.pipeline.training_data.network_data import join_network, make_image_datasets
from agelens.pipeline.training_data.trunk_data import TrunkData, cache_trunk
from agelens.tuning.candidates import Candidates, Data
from agelens.tuning.recipe import Recipe, Settings

NO_ROOM = "Lower tune.subset, or search tune.network_space.augment_strength too, for which nothing is cached."


def candidates_of(params: Params, paths: Paths, data: HeadData) -> Candidates:
    """Return what a search tries: heads on cached features, or whole networks, as `tune.scope` says."""
    if params.tune.scope == "network":
        return network_candidates(params, paths, data)
    return head_candidates(params, data)


def network_candidates(params: Params, paths: Paths, data: HeadData) -> Candidates:
    """Return networks that learn from a subset of the rows.

    Where no strength of augmentation is searched all see the same views, and all that lies below the deepest layer to
    thaw is computed once; else every candidate looks at the pictures themselves.

    Raises:
        ParamsError: The backbone has no layer or block of a name in `unfreeze`, or the disk has no room.
        DataError: No validation row of the subset has an exact age.
    """
    untuned = recipe_of(params)
    deepest = replace(untuned, unfreeze=_deepest(params, untuned))
    rows = data.subset(params.tune.subset, seed=params.seed)
    say(f"whole networks, on {len(rows.train)} training and {len(rows.val)} validation rows")
    trunk = None
    if "augment_strength" not in params.tune.domains:
        trunk = _cache_trunk(params, paths, rows, deepest)
    known = dict[Any, Data]()

    def build(settings: Settings, _epochs: int) -> Any:
        recipe = untuned.with_settings(settings)
        network = join_network(params, _train_head(params, rows, recipe))
        unfreeze(backbone_of(network), deepest.unfreeze)
        folded = fold_age_net(network)
        model = folded if trunk is None else build_trunk_and_top(folded)[1]
        unfreeze(backbone_of(network), recipe.unfreeze)
        compile_model(model, recipe.objective, optimizer=build_optimizer(_phase2(params, recipe), steps=1))
        return model

    def find_data(settings: Settings, outputs: Mapping[str, Any], seed: int) -> Data:
        if trunk is None:
            recipe = untuned.with_settings(settings)
            return make_image_datasets(params, paths, rows, recipe=recipe, outputs=outputs, seed=seed)
        key = (*sorted(outputs), seed)
        if key not in known:
            batch_size = params.train.phase2.batch_size
            known[key] = trunk.datasets(rows, outputs=outputs, batch_size=batch_size, seed=seed)
        return known[key]

    return Candidates(build, find_data)


def remove_activations(paths: Paths) -> None:
    """Remove what the candidates' trunk was computed to: it is large, and no search goes on with another's."""
    shutil.rmtree(_activations(paths), ignore_errors=True)


def _activations(paths: Paths) -> Path:
    return paths.tune_state / "trunk"


def _deepest(params: Params, untuned: Recipe) -> str | int:
    """Return what thaws most of all that may be thawed, each of which the backbone must have."""
    size = params.crop_faces.size
    backbone = build_backbone(params.model.backbone, input_shape=(size, size, 3), weights="none")
    domain = params.tune.domains.get("unfreeze")
    found = [] if domain is None else domain.choices or [domain.high]
    thawed = {first: unfreeze(backbone, first) for first in [untuned.unfreeze, *found]}
    deepest: str | int = max(thawed, key=thawed.__getitem__)
    return deepest


def _train_head(params: Params, rows: HeadData, recipe: Recipe) -> Any:
    """Return a head that phase 1 has trained."""
    head = build_head(recipe.head, features=rows.width, groups=len(params.age_groups), start_age=rows.start_age)
    section = params.train.phase1
    config = recipe.first_phase(phase_of(section))
    training, steps, validation = rows.datasets(outputs=head.output, batch_size=section.batch_size, seed=params.seed)
    compile_model(head, recipe.objective, optimizer=build_optimizer(config, steps=steps))
    fit_phase(head, training, steps=steps, validation=validation, config=config, phase=1)
    return head


def _phase2(params: Params, recipe: Recipe) -> PhaseConfig:
    phase = phase_of(params.train.phase2)
    return replace(phase, learning_rate=recipe.phase2_learning_rate, schedule="constant")


def _cache_trunk(params: Params, paths: Paths, rows: HeadData, deepest: Recipe) -> TrunkData:
    """Compute all below the deepest layer to thaw, for as many views as the longest training asks for."""
    head = build_head(deepest.head, features=rows.width, groups=len(params.age_groups))
    network = join_network(params, head)
    unfreeze(backbone_of(network), deepest.unfreeze)
    draws = params.tune.max_epochs * int(rows.train["copies"].max())
    return cache_trunk(
        params,
        rows,
        network=fold_age_net(network),
        recipe=deepest,
        views=min(params.train.phase2.views, draws),
        crops=paths.crops,
        folder=_activations(paths),
        instead=NO_ROOM,
    )
