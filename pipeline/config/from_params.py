"""From params to the values that library functions take: the one place where the two vocabularies meet."""

from agelens.data_prep.batches.augment import Augmentation
from agelens.models.network.heads import HeadConfig
from agelens.models.training.objective import Objective
from agelens.models.training.phases import PhaseConfig
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections import LARGEST, Phase


def augmentation_of(params: Params, *, strength: float = 1.0) -> Augmentation:
    """Return how views differ from their picture, with every strength multiplied, as far as it may be.

    Phase 1 learns from features that are cached with the strengths of params.yaml; another `strength` is phase 2's.
    """
    given = params.augment.model_dump(exclude={"flip"})
    scaled = {name: min(strength * value, LARGEST.get(name, 1.0)) for name, value in given.items()}
    return Augmentation(flip=params.augment.flip, **scaled)


def head_config_of(params: Params) -> HeadConfig:
    """Return the untuned head."""
    model = params.model
    return HeadConfig(
        units=model.units,
        dropout=model.dropout,
        activation=model.activation,
        age_head=model.age_head,
        attributes=tuple(model.heads),
        second_units=model.second_units,
    )


def objective_of(params: Params) -> Objective:
    """Return what is trained for."""
    return Objective(**params.loss.model_dump())


def phase_of(phase: Phase) -> PhaseConfig:
    """Return how a phase trains."""
    return PhaseConfig(
        epochs=phase.epochs,
        learning_rate=phase.learning_rate,
        schedule=phase.schedule,
        plateau_patience=phase.plateau_patience,
        patience=phase.patience,
        weight_decay=phase.weight_decay,
        average=phase.average,
    )
