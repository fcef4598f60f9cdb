"""A network as it is built and trained: what the search varies, and what `train` takes over from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from agelens.data_prep.core.errors import ParamsError
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.objective import Objective, compile_model
from agelens.models.training.phases import PhaseConfig, Schedule, build_optimizer

Settings = Mapping[str, Any]
"""Values of settings by name; see `SETTINGS`."""

HEAD = ("units", "dropout", "activation", "second_units", "age_head")
OBJECTIVE = (
    "age_loss",
    "delta",
    "age_weight",
    "group_weight",
    "distribution_weight",
    "sigma",
    "label_smoothing",
)
OPTIMIZER = ("learning_rate", "weight_decay", "schedule")
NETWORK = ("unfreeze", "phase2_learning_rate", "augment_strength")
"""What phase 2 alone knows: a search on cached features cannot vary it."""

SETTINGS = (*HEAD, *OBJECTIVE, *OPTIMIZER, *NETWORK)
"""What a search may vary: fields of `HeadConfig`, of `Objective` and of `Recipe` itself."""


@dataclass(frozen=True)
class Recipe:
    """How a network is built and trained.

    Args:
        head: The head.
        objective: What both phases train for.
        learning_rate: AdamW's, while the head is trained on frozen features.
        weight_decay: AdamW's, likewise.
        schedule: Of that learning rate; see `agelens.models.training.phases.PhaseConfig`.
        unfreeze: What phase 2 thaws; see `agelens.models.network.backbones.unfreeze`.
        phase2_learning_rate: AdamW's, while head and top of the backbone are trained.
        augment_strength: By what phase 2 multiplies how strongly its views differ from their pictures.
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
        """Return the recipe with other settings; the search and `train` both come here.

        Raises:
            ParamsError: A setting is unknown.
        """
        if unknown := sorted(set(settings) - set(SETTINGS)):
            msg = f"A network has the settings {', '.join(SETTINGS)}. Received: {', '.join(unknown)}."
            raise ParamsError(msg)
        return replace(
            self,
            head=replace(self.head, **_some(settings, HEAD)),
            objective=replace(self.objective, **_some(settings, OBJECTIVE)),
            **_some(settings, (*OPTIMIZER, *NETWORK)),
        )

    def settings(self) -> dict[str, Any]:
        """Return every setting by name, in the order of `SETTINGS`."""
        parts = (self.head, self.objective, self)
        known = {each.name: getattr(part, each.name) for part in parts for each in fields(part)}
        return {name: known[name] for name in SETTINGS}

    def first_phase(self, phase: PhaseConfig) -> PhaseConfig:
        """Return how phase 1 trains with these rates."""
        return replace(phase, learning_rate=self.learning_rate, weight_decay=self.weight_decay, schedule=self.schedule)


def build_recipe(recipe: Recipe, *, features: int, groups: int, start_age: float, epochs: int, steps: int) -> Any:
    """Build the head of a recipe, compiled for a training of some epochs of some steps.

    An epoch is one execution: no callback hears of a step. See `agelens.models.network.heads.build_head`.
    """
    head = build_head(recipe.head, features=features, groups=groups, start_age=start_age)
    optimizer = build_optimizer(recipe.first_phase(PhaseConfig(epochs, recipe.learning_rate)), steps=steps)
    compile_model(head, recipe.objective, optimizer=optimizer, steps_per_execution=steps)
    return head


def _some(settings: Settings, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}
