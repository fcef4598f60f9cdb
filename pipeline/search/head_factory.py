"""The models of a search with `scope: head`: heads on cached features, as phase 1 of `train` builds them."""

from collections.abc import Mapping
from typing import Any

from agelens.models.training.phases import PhaseConfig, schedule_callbacks
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.training.untuned_recipe import untuned_recipe
from agelens.pipeline.training_data.head_data import HeadData
from agelens.tuning.model_factory import ModelFactory, TrialData
from agelens.tuning.recipe import Settings, build_recipe


def head_factory(params: Params, data: HeadData) -> ModelFactory:
    """Return the factory of heads on cached features."""
    untuned, groups, known = untuned_recipe(params), len(params.age_groups), dict[Any, TrialData]()
    batch_size, phase1 = params.tune.batch_size, from_section(PhaseConfig, params.train.phase1)

    def build(settings: Settings, epochs: int) -> Any:
        recipe, steps = untuned.with_settings(settings), data.steps(batch_size)
        return build_recipe(
            recipe, features=data.width, groups=groups, start_age=data.start_age, epochs=epochs, steps=steps
        )

    def find_data(_: Settings, outputs: Mapping[str, Any], seed: int) -> TrialData:
        key = (*sorted(outputs), seed)
        if key not in known:
            known[key] = data.datasets(outputs=outputs, batch_size=batch_size, seed=seed)
        return known[key]

    def callbacks(settings: Settings) -> list[Any]:
        return schedule_callbacks(untuned.with_settings(settings).first_phase(phase1))

    return ModelFactory(build, find_data, callbacks)
