"""The recipe of a network: how it is built and trained. A search varies its settings; `train` uses the best ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from agelens.data_prep.core.errors import ParamsError
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.objective import Objective, compile_model
from agelens.models.training.phases import PhaseConfig, Schedule, build_optimizer

Settings = Mapping[str, Any]
"""Values of settings by name; see `SETTINGS`."""

NOT_SEARCHED = {"attributes", "attribute_weights"}
"""Fields of `HeadConfig` and `Objective` that a search leaves as they are."""

HEAD_SETTINGS = tuple(each.name for each in fields(HeadConfig) if each.name not in NOT_SEARCHED)
OBJECTIVE_SETTINGS = tuple(each.name for each in fields(Objective) if each.name not in NOT_SEARCHED)
OPTIMIZER_SETTINGS = ("learning_rate", "weight_decay", "schedule")
NETWORK_SETTINGS = ("unfreeze", "phase2_learning_rate", "augment_strength")
"""Settings of phase 2, which a search on cached features cannot vary."""

SETTINGS = (*HEAD_SETTINGS, *OBJECTIVE_SETTINGS, *OPTIMIZER_SETTINGS, *NETWORK_SETTINGS)
"""What a search may vary: fields of `HeadConfig`, of `Objective` and of `Recipe`."""


@dataclass(frozen=True)
class Recipe:
    """How a network is built and trained.

    Args:
        head: The head.
        objective: Losses and their weights in both phases.
        learning_rate: Learning rate of AdamW in phase 1.
        weight_decay: Weight decay of AdamW in phase 1.
        schedule: Schedule of the learning rate in phase 1; see `agelens.models.training.phases.PhaseConfig`.
        unfreeze: Layers that phase 2 trains; see `agelens.models.network.backbones.unfreeze`.
        phase2_learning_rate: Learning rate of AdamW in phase 2.
        augment_strength: Factor by which phase 2 multiplies all strengths of augmentation.
    """

    head: HeadConfig = field(default_factory=HeadConfig)
    objective: Objective = field(default_factory=Objective)
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    unfreeze: str | int = 0
    phase2_learning_rate: float = 0.0001
    augment_strength: float = 1.0

    def with_settings(self, settings: Settings) -> "Recipe":
        """Return a copy with other settings.

        Raises:
            ParamsError: A setting is unknown.
        """
        if unknown := sorted(set(settings) - set(SETTINGS)):
            msg = f"A network has the settings {', '.join(SETTINGS)}. Received: {', '.join(unknown)}."
            raise ParamsError(msg)
        return replace(
            self,
            head=replace(self.head, **_some(settings, HEAD_SETTINGS)),
            objective=replace(self.objective, **_some(settings, OBJECTIVE_SETTINGS)),
            **_some(settings, (*OPTIMIZER_SETTINGS, *NETWORK_SETTINGS)),
        )

    def settings(self) -> dict[str, Any]:
        """Return every setting by name, in the order of `SETTINGS`."""
        parts = (self.head, self.objective, self)
        known = {each.name: getattr(part, each.name) for part in parts for each in fields(part)}
        return {name: known[name] for name in SETTINGS}

    def first_phase(self, phase: PhaseConfig) -> PhaseConfig:
        """Return the configuration of phase 1 with the settings of its optimizer."""
        return replace(phase, **{name: getattr(self, name) for name in OPTIMIZER_SETTINGS})


def build_recipe(recipe: Recipe, *, features: int, groups: int, start_age: float, epochs: int, steps: int) -> Any:
    """Build the head of a recipe and compile it for a training on cached features.

    All steps of an epoch are one execution, so callbacks are not called for each batch.

    Args:
        recipe: The recipe.
        features: Width of the features.
        groups: Number of age groups.
        start_age: Age in years that an untrained linear head predicts.
        epochs: Epochs of the training.
        steps: Batches per epoch.
    """
    head = build_head(recipe.head, features=features, groups=groups, start_age=start_age)
    optimizer = build_optimizer(recipe.first_phase(PhaseConfig(epochs, recipe.learning_rate)), steps=steps)
    compile_model(head, recipe.objective, optimizer=optimizer, steps_per_execution=steps)
    return head


def _some(settings: Settings, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}
