"""From params to the untuned recipe, and to the space of a search."""

from typing import Any

from agelens.models.network.backbones import BACKBONES
from agelens.pipeline.config.from_params import head_config_of, objective_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections import Domain
from agelens.tuning.recipe import OPTIMIZER, Recipe
from agelens.tuning.space import Choices, Range, SearchSpace


def recipe_of(params: Params) -> Recipe:
    """Return the recipe of the untuned network."""
    phase1, phase2 = params.train.phase1, params.train.phase2
    return Recipe(
        head=head_config_of(params),
        objective=objective_of(params),
        unfreeze=BACKBONES[params.model.backbone].unfreeze if phase2.unfreeze is None else phase2.unfreeze,
        phase2_learning_rate=phase2.learning_rate,
        **{name: getattr(phase1, name) for name in OPTIMIZER},
    )


def space_of(params: Params) -> SearchSpace:
    """Return the domains of the settings that are searched."""
    return {name: _domain_of(domain) for name, domain in params.tune.domains.items()}


def _domain_of(domain: Domain[Any]) -> Choices | Range:
    if domain.choices is not None:
        return Choices(tuple(domain.choices))
    low, high = domain.numbers
    return Range(low, high, log=domain.log, step=domain.step)
