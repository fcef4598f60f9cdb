"""From params and data to what is searched: the untuned recipe, the space, and the candidates."""

from collections.abc import Mapping
from typing import Any

from agelens.models.network.backbones import BACKBONES
from agelens.models.training.phases import schedule_callbacks
from agelens.pipeline.config.from_params import head_config_of, objective_of, phase_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections import Domain
from agelens.pipeline.training_data.head_data import HeadData
from agelens.tuning.candidates import Candidates, Data
from agelens.tuning.recipe import Recipe, Settings, build_recipe
from agelens.tuning.space import Choices, Range, Space


def recipe_of(params: Params) -> Recipe:
    """Return how the untuned network is built and trained."""
    phase1, phase2 = params.train.phase1, params.train.phase2
    return Recipe(
        head=head_config_of(params),
        objective=objective_of(params),
        learning_rate=phase1.learning_rate,
        weight_decay=phase1.weight_decay,
        schedule=phase1.schedule,
        unfreeze=BACKBONES[params.model.backbone].unfreeze if phase2.unfreeze is None else phase2.unfreeze,
        phase2_learning_rate=phase2.learning_rate,
    )


def space_of(params: Params) -> Space:
    """Return what the search may choose."""
    return {name: _domain_of(domain) for name, domain in params.tune.domains.items()}


def _domain_of(domain: Domain[Any]) -> Choices | Range:
    if domain.choices is not None:
        return Choices(tuple(domain.choices))
    low, high = domain.numbers
    return Range(low, high, log=domain.log, step=domain.step)


def head_candidates(params: Params, data: HeadData) -> Candidates:
    """Return heads on cached features: the very ones that `train` builds."""
    untuned, groups, known = recipe_of(params), len(params.age_groups), dict[Any, Data]()
    batch_size = params.tune.batch_size

    def build(settings: Settings, epochs: int) -> Any:
        recipe, steps = untuned.with_settings(settings), data.steps(batch_size)
        return build_recipe(
            recipe, features=data.width, groups=groups, start_age=data.start_age, epochs=epochs, steps=steps
        )

    def find_data(_: Settings, outputs: Mapping[str, Any], seed: int) -> Data:
        key = (*sorted(outputs), seed)
        if key not in known:
            known[key] = data.datasets(outputs=outputs, batch_size=batch_size, seed=seed)
        return known[key]

    def callbacks(settings: Settings) -> list[Any]:
        return schedule_callbacks(untuned.with_settings(settings).first_phase(phase_of(params.train.phase1)))

    return Candidates(build, find_data, callbacks)
