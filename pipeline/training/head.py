"""Phase 1: the head is trained on cached features of the frozen backbone."""

from typing import Any

from agelens.models.network.heads import build_head
from agelens.models.training.history import EpochRecord
from agelens.models.training.phases import PhaseConfig
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.training.phase import PhaseTrainer
from agelens.pipeline.training_data.head_data import HeadData
from agelens.tuning.recipe import Recipe


def train_head(params: Params, data: HeadData, recipe: Recipe, trainer: PhaseTrainer) -> tuple[Any, list[EpochRecord]]:
    """Return the head with its best weights, and the history of phase 1."""
    head = build_head(recipe.head, features=data.width, groups=len(params.age_groups), start_age=data.start_age)

    def datasets_from(first_epoch: int) -> tuple[Any, int, Any]:
        size = params.train.phase1.batch_size
        return data.datasets(outputs=head.output, batch_size=size, seed=params.seed, first_epoch=first_epoch)

    config = recipe.first_phase(from_section(PhaseConfig, params.train.phase1))
    return head, trainer.fit(head, datasets_from, recipe.objective, config=config, phase=1)
