"""From params to the untuned recipe, and to the space of a search."""

from typing import Any

from agelens.models.network.backbones import BACKBONES
from agelens.models.network.heads import HeadConfig
from agelens.models.training.objective import Objective
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections.search import Domain
from agelens.tuning.recipe import OPTIMIZER_SETTINGS, Recipe
from agelens.tuning.space import Choices, Range, SearchSpace


def recipe_of(params: Params) -> Recipe:
    """Return the recipe of the untuned network."""
    phase1, phase2 = params.train.phase1, params.train.phase2
    return Recipe(
        head=from_section(HeadConfig, params.model),
        objective=from_section(Objective, params.loss),
        unfreeze=BACKBONES[params.model.backbone].unfreeze if phase2.unfreeze is None else phase2.unfreeze,
        phase2_learning_rate=phase2.learning_rate,
        **{name: getattr(phase1, name) for name in OPTIMIZER_SETTINGS},
    )


def space_of(params: Params) -> SearchSpace:
    """Return the domains of the settings that are searched."""
    return {name: _domain_of(domain) for name, domain in params.tune.domains.items()}


def _domain_of(domain: Domain[Any]) -> Choices | Range:
    if domain.choices is not None:
        return Choices(tuple(domain.choices))
    low, high = domain.numbers
    return Range(low, high, log=domain.log, step=domain.step)
