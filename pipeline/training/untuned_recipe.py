"""From params to the recipe of the untuned network, with which `train` and the search start."""

from agelens.models.network.backbones import BACKBONES
from agelens.models.network.heads import HeadConfig
from agelens.models.training.objective import Objective
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.tuning.recipe import OPTIMIZER_SETTINGS, Recipe


def untuned_recipe(params: Params) -> Recipe:
    """Return the recipe of the untuned network."""
    phase1, phase2 = params.train.phase1, params.train.phase2
    return Recipe(
        head=from_section(HeadConfig, params.model),
        objective=from_section(Objective, params.loss),
        unfreeze=BACKBONES[params.model.backbone].unfreeze if phase2.unfreeze is None else phase2.unfreeze,
        phase2_learning_rate=phase2.learning_rate,
        **{name: getattr(phase1, name) for name in OPTIMIZER_SETTINGS},
    )
