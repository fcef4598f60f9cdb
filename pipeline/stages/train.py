"""Train the network in two phases: the head on cached features, then the head and the top of the backbone."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import keras

from agelens.data_prep.core.atomic import replacing, write_json
from agelens.models.network.age_net import backbone_of
from agelens.models.network.saving import save_network
from agelens.models.training.history import MONITOR, EpochRecord, best_epoch, history_table
from agelens.pipeline.config.fingerprints import train_fingerprint, tune_fingerprint
from agelens.pipeline.config.lineage import KEY, lineage_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.training.checkpoints import Checkpoints
from agelens.pipeline.training.chosen_recipe import chosen_recipe, effective_recipe, recipe_origin
from agelens.pipeline.training.head import train_head
from agelens.pipeline.training.hosts import open_distribution, run_of_chief
from agelens.pipeline.training.network import train_network
from agelens.pipeline.training.phase import PhaseTrainer
from agelens.pipeline.training_data.head_data import HeadData, read_head_data
from agelens.tuning.recipe import NETWORK_SETTINGS, Recipe
from agelens.tuning.results import describe_winner, format_settings, read_best

IN_SUMMARY = ("epoch", "phase", "val_age_cs5", "val_age_group_accuracy")
"""Figures of the best epoch in the summary of the W&B run, beside the validation MAE."""


def run(params: Params, paths: Paths) -> None:
    """Train both phases, and write the network and its history."""
    distribution = open_distribution(params)
    keras.utils.set_random_seed(params.seed)
    data = read_head_data(params, paths)
    recipe = _choose_recipe(params, paths, data)
    fingerprint = train_fingerprint(params, rows=data.fingerprint, recipe=effective_recipe(recipe))
    checkpoints = Checkpoints(paths.train_state, fingerprint)
    config = {"recipe": {"from": recipe_origin(params, paths.best_settings), **effective_recipe(recipe)}}
    about = {"config": config, "resumed_by": fingerprint}
    with run_of_chief(distribution, "train", params=params, paths=paths, **about) as tracked:
        trainer = PhaseTrainer(checkpoints, tracked, distribution)
        with distribution.scope():
            head, first = train_head(params, data, recipe, trainer)
            network, second = train_network(params, paths, data, recipe, trainer, head=head, first=first)
        if not distribution.role.is_chief:
            say("this host has done its part; host 1 writes the results")
            return
        _write_results(network, [*first, *second], params, recipe, paths, config=config)
        checkpoints.remove()
        best = best_epoch([*first, *second])
        row = best.as_row()
        tracked.summarise({MONITOR: row[MONITOR]} | {f"best/{name}": row[name] for name in IN_SUMMARY})
    say(f"best: epoch {best.epoch} of phase {best.phase}, validation MAE {best.val_age_mae:.2f} years")


def _choose_recipe(params: Params, paths: Paths, data: HeadData) -> Recipe:
    """Return the recipe of params.yaml, with the settings that won the search if `train.use_tuned` is true."""
    if not params.train.use_tuned:
        say("untuned head, as in params.yaml (train.use_tuned is false)")
        return chosen_recipe(params, None)
    best = read_best(paths.best_settings, fingerprint=tune_fingerprint(params, rows=data.fingerprint))
    chosen = chosen_recipe(params, best)
    say(
        f"{describe_winner(best, scope=params.tune.scope)}: "
        f"{format_settings(best.winning_settings) or 'settings of params.yaml'}; "
        f"learning rate of phase 1 {chosen.learning_rate:g}"
    )
    if params.tune.scope == "network":
        say(
            f"phase 2: unfreeze {chosen.unfreeze}, learning rate {chosen.phase2_learning_rate:g}, "
            f"augmentation times {chosen.augment_strength:g}"
        )
    return chosen


def _write_results(
    network: Any,
    records: list[EpochRecord],
    params: Params,
    recipe: Recipe,
    paths: Paths,
    *,
    config: Mapping[str, Any],
) -> None:
    with replacing(paths.train_report / "history.csv") as temporary:
        history_table(records).to_csv(temporary, index=False)
    summary = {
        "best": best_epoch(records).as_row(),
        "head": asdict(recipe.head),
        "phase2": {name: getattr(recipe, name) for name in NETWORK_SETTINGS},
        "backbone": backbone_of(network).name,
        "seed": params.seed,
        **config,
    }
    save_network(network, paths.age_net)
    write_json(paths.training, {**summary, KEY: lineage_of(network=paths.age_net)})
