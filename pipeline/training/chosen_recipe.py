"""The recipe that `train` uses: that of params.yaml, or the same with the settings that won the search.

The stage `tune` writes it to recipe.json. DVC runs `train` again if that file changes, and not because a setting
changed that the training does not use, or because another search found the same settings.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import read_json
from agelens.models.training.objective import DEFAULT_ATTRIBUTE_WEIGHT
from agelens.pipeline.config.params import Params
from agelens.pipeline.training.untuned_recipe import untuned_recipe
from agelens.tuning.recipe import Recipe
from agelens.tuning.results import BestSettings


def chosen_recipe(params: Params, best: BestSettings | None) -> Recipe:
    """Return the recipe of params.yaml, with the settings that won the search if there was one.

    A search of scope head trains with `tune.batch_size`, so a learning rate that it found is multiplied by
    `phase1.lr_factor`. A search of scope network trains heads with the batches of phase 1, and its strength of
    augmentation is for phase 2.
    """
    recipe = untuned_recipe(params)
    if best is None:
        return recipe
    chosen = recipe.with_settings(best.winning_settings)
    if params.tune.scope == "head" and "learning_rate" in best.winning_settings:
        return replace(chosen, learning_rate=chosen.learning_rate * params.train.phase1.lr_factor)
    return chosen


def recipe_origin(params: Params, best_settings: Path) -> str:
    """Return where the settings of the recipe come from, beside params.yaml; `best_settings` is best.json."""
    if not params.train.use_tuned:
        return "params.yaml"
    return f"params.yaml, and the winner of the search: {read_json(best_settings)['winner']}"


def effective_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return the settings of a recipe that change its training, as plain values.

    Left out are weights of attributes that the head does not predict, the `delta` of other losses than `huber`, and the
    settings of the age distribution if the head has none.
    """
    content = asdict(recipe)
    objective = content["objective"]
    weights = recipe.objective.attribute_weights
    content["head"]["attributes"] = list(recipe.head.attributes)
    objective["attribute_weights"] = {
        name: weights.get(name, DEFAULT_ATTRIBUTE_WEIGHT) for name in content["head"]["attributes"]
    }
    unused = [] if recipe.objective.age_loss == "huber" else ["delta"]
    if recipe.head.age_head != "distribution":
        unused += ["sigma", "distribution_weight"]
    for name in unused:
        del objective[name]
    return content
