"""Settings change the head, the objective and the optimizer of a recipe."""

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.models.network.heads import HeadConfig
from agelens.models.training.objective import Objective
from agelens.models.training.phases import PhaseConfig
from agelens.tuning.recipe import SETTINGS, Recipe, build_recipe

UNTUNED = Recipe(HeadConfig(units=7), Objective(sigma=3.0), learning_rate=0.5, weight_decay=0.25)


def test_settings_change_only_their_own_fields():
    tuned = UNTUNED.with_settings({"units": 9, "age_weight": 0.1, "weight_decay": 0.0})
    assert tuned == Recipe(HeadConfig(units=9), Objective(sigma=3.0, age_weight=0.1), 0.5, 0.0)
    tuned = UNTUNED.with_settings(
        {"schedule": "cosine", "unfreeze": "block5a", "phase2_learning_rate": 0.1, "augment_strength": 0.5}
    )
    assert tuned == Recipe(HeadConfig(units=7), Objective(sigma=3.0), 0.5, 0.25, "cosine", "block5a", 0.1, 0.5)
    assert UNTUNED.with_settings({}) == UNTUNED


def test_a_recipe_is_restored_from_all_its_settings():
    settings = UNTUNED.settings()
    assert tuple(settings) == SETTINGS
    assert Recipe().with_settings(settings) == UNTUNED


def test_unknown_settings_are_rejected_with_their_names():
    with pytest.raises(ParamsError, match=r"has the settings units, .*augment_strength.*Received: lerning_rate, unit"):
        UNTUNED.with_settings({"unit": 3, "units": 3, "lerning_rate": 0.1})


def test_the_built_head_has_the_settings_of_its_recipe():
    recipe = Recipe(HeadConfig(units=3, age_head="linear"), Objective(label_smoothing=0.2), 0.02, 0.3)
    head = build_recipe(recipe, features=4, groups=5, start_age=40.0, epochs=2, steps=3)
    assert head.get_layer("dense").units == 3
    assert float(head.optimizer.learning_rate) == pytest.approx(0.02)
    assert head.optimizer.weight_decay == pytest.approx(0.3)
    assert head.loss["age_group"].label_smoothing == pytest.approx(0.2)


def test_a_cosine_schedule_decays_over_all_steps_of_the_training():
    recipe = Recipe(HeadConfig(units=3), learning_rate=0.02, schedule="cosine")
    rate = build_recipe(recipe, features=4, groups=5, start_age=40.0, epochs=4, steps=10).optimizer._learning_rate
    assert [float(rate(step)) for step in (2, 21, 40)] == pytest.approx([0.02, 0.0101, 0.0002])


def test_phase_1_uses_the_optimizer_settings_of_the_recipe():
    phase = PhaseConfig(epochs=9, learning_rate=0.1, patience=4, average=0.5)
    tuned = Recipe(learning_rate=0.02, weight_decay=0.3, schedule="cosine").first_phase(phase)
    assert tuned == PhaseConfig(9, 0.02, "cosine", patience=4, weight_decay=0.3, average=0.5)
