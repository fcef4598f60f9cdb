"""Settings of the search in params.yaml, and the recipe of the untuned network."""

from types import NoneType
from typing import get_args

import pytest

from agelens.data_prep.batches.augment import Augmentation
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections.search import NetworkSpace, Space
from agelens.pipeline.config.sections.training import Loss, Model, Phase1
from agelens.pipeline.search.search_space import space_of
from agelens.pipeline.training.untuned_recipe import untuned_recipe
from agelens.tuning.recipe import HEAD_SETTINGS, NETWORK_SETTINGS, OBJECTIVE_SETTINGS, OPTIMIZER_SETTINGS, SETTINGS
from agelens.tuning.space import Choices, Range
from tests.pipeline.demo_settings import DEMO, changed


@pytest.mark.parametrize(
    ("setting", "domain"),
    [
        ("units", []),
        ("units", {}),
        ("units", {"low": 128}),
        ("units", {"low": 256, "high": 128}),
        ("units", {"choices": [128], "low": 64, "high": 128}),
        ("learning_rate", {"low": 0.0001, "high": 0.001, "log": True, "step": 0.0001}),
        ("weight_decay", {"low": 0.0, "high": 0.001, "log": True}),
        ("activation", {"low": "relu", "high": "swish"}),
    ],
)
def test_invalid_domain_is_named(setting, domain, refusal):
    assert refusal(changed(f"tune.space.{setting}", domain)).startswith(f": tune.space.{setting}")


@pytest.mark.parametrize(
    ("place", "domain", "line"),
    [
        (
            "space.units",
            {"low": 64, "high": 256, "step": 64.5},
            "step must be a whole number like low and high, not 64.5",
        ),
        ("space.units", {"low": 64, "high": 256, "step": 193}, "step must be at most high - low (192), not 193"),
        ("space.dropout", {"low": 0.1, "high": 0.4, "step": 0.5}, "step must be at most high - low (0.3), not 0.5"),
        ("network_space.unfreeze", {"low": 10, "high": 20, "step": 2.5}, "step must be a whole number like low"),
        ("network_space.augment_strength", {"low": 0, "high": 2, "step": 3}, "step must be at most high - low (2)"),
    ],
)
def test_a_step_must_fit_its_range(place, domain, line, refusal):
    assert refusal(changed(f"tune.{place}", domain)).startswith(f": tune.{place}: {line}")


@pytest.mark.parametrize(
    ("setting", "domain"),
    [("units", {"low": 64, "high": 256, "step": 192}), ("dropout", {"low": 0, "high": 1 / 2, "step": 0.25})],
)
def test_a_step_may_be_as_large_as_its_range(setting, domain):
    assert space_of(Params.model_validate(changed(f"tune.space.{setting}", domain)))[setting].step == domain["step"]


def test_empty_space_is_an_error(refusal):
    assert refusal(changed("tune.space", {})) == ": tune.space: at least one setting must be searched, received {}"


@pytest.mark.parametrize(
    ("setting", "domain", "place"),
    [
        ("dropout", [0.2, 1.0], "choices.1"),
        ("dropout", {"low": -0.1, "high": 0.5}, "low"),
        ("units", {"low": 64, "high": 128.5}, "high"),
        ("activation", ["relu", "tanh"], "choices.1"),
        ("delta", {"choices": [1.0], "steps": 2}, "steps"),
    ],
)
def test_invalid_value_of_a_domain_is_named(setting, domain, place, refusal):
    assert refusal(changed(f"tune.space.{setting}", domain)).startswith(f": tune.space.{setting}.{place}")


def test_domains_are_the_settings_of_a_recipe():
    assert set(Space.model_fields) == set(SETTINGS) - set(NETWORK_SETTINGS)
    assert set(NetworkSpace.model_fields) == set(NETWORK_SETTINGS)


def schema(section, name):
    """Return the type and limits of a setting, without its default."""
    content = section.model_json_schema()["properties"][name]
    return {key: value for key, value in content.items() if key not in {"default", "title"}}


@pytest.mark.parametrize(
    ("section", "names"),
    [(Model, HEAD_SETTINGS), (Loss, OBJECTIVE_SETTINGS), (Phase1, OPTIMIZER_SETTINGS)],
    ids=["model", "loss", "train.phase1"],
)
def test_domains_have_the_limits_of_their_settings(section, names):
    for name in names:
        (domain,) = (each for each in get_args(Space.model_fields[name].annotation) if each is not NoneType)
        choices = domain.model_json_schema()["properties"]["choices"]["anyOf"][0]["items"]
        assert choices == schema(section, name), name


def test_domains_are_those_of_params():
    space = {"units": [64, 128], "delta": {"choices": [1, 2]}, "dropout": {"low": 0, "high": 0.4, "step": 0.2}}
    params = Params.model_validate(
        changed("tune.space", space | {"weight_decay": {"low": 1e-5, "high": 1e-2, "log": True}})
    )
    assert space_of(params) == {
        "units": Choices((64, 128)),
        "delta": Choices((1.0, 2.0)),
        "dropout": Range(0.0, 0.4, step=0.2),
        "weight_decay": Range(1e-5, 1e-2, log=True),
    }


def test_scope_network_adds_the_domains_of_its_space():
    network = {"unfreeze": ["block5a", "block6a"], "augment_strength": {"low": 0, "high": 2}}
    settings = changed("tune.space", {"units": [64, 128]})
    settings["tune"] |= {"network_space": network}
    heads = {"units": Choices((64, 128))}
    assert space_of(Params.model_validate(settings)) == heads
    settings["tune"] |= {"scope": "network"}
    more = {"unfreeze": Choices(("block5a", "block6a")), "augment_strength": Range(0.0, 2.0)}
    assert space_of(Params.model_validate(settings)) == {**heads, **more}


def test_scope_network_needs_its_space(refusal):
    settings = changed("tune.scope", "network")
    del settings["tune"]["network_space"]
    assert refusal(settings).startswith(": tune: scope: network needs a network_space, with at least one of unfreeze, ")


@pytest.mark.parametrize(
    ("setting", "domain", "place"),
    [
        ("unfreeze", ["block5a", 80], ""),
        ("unfreeze", {"low": "block4a", "high": "block5a"}, ""),
        ("unfreeze", [-1], ".choices.0"),
        ("augment_strength", {"low": 0.0, "high": 2.5}, ".high"),
        ("phase2_learning_rate", [0.0], ".choices.0"),
        ("sharpness", [1], ""),
    ],
)
def test_invalid_domain_of_scope_network_is_named(setting, domain, place, refusal):
    line = refusal(changed(f"tune.network_space.{setting}", domain))
    assert line.startswith(f": tune.network_space.{setting}{place}")


def test_strengths_are_scaled_up_to_their_limits():
    augment = {"flip": True, "shift": 0.06, "zoom": 0.1, "rotation_degrees": 50, "brightness": 0.15, "contrast": 0.7}
    params = Params.model_validate(changed("augment", {**augment, "saturation": 0.0, "erase": 0.4}))
    augmentation = from_section(Augmentation, params.augment)
    assert augmentation == Augmentation(True, 0.06, 0.1, 50.0, 0.15, 0.7, 0.0, 0.4)
    assert augmentation.scaled(0.5) == Augmentation(True, 0.03, 0.05, 25.0, 0.075, 0.35, 0.0, 0.2)
    assert augmentation.scaled(2.0) == Augmentation(True, 0.12, 0.2, 90.0, 0.3, 1.0, 0.0, 0.5)
    assert augmentation.scaled(0.0) == Augmentation(True, 0, 0, 0, 0, 0, 0, 0)


def test_untuned_recipe_has_the_settings_of_params():
    settings = untuned_recipe(Params.model_validate(DEMO)).settings()
    for section, names in (("model", HEAD_SETTINGS), ("loss", OBJECTIVE_SETTINGS), ("train", OPTIMIZER_SETTINGS)):
        content = DEMO[section].get("phase1", DEMO[section])
        assert {name: settings[name] for name in names if name in content} == {
            name: content[name] for name in names if name in content
        }


@pytest.mark.parametrize("points", [6, 7])  # the demo's budget of 36 epochs suffices for 6 trials of 6 epochs
def test_random_trials_of_the_bayesian_tuner_must_leave_some_to_choose(points, refusal):
    content = changed("tune.tuner", "bayesian")
    content["tune"]["initial_points"] = points
    assert refusal(content).startswith(f": tune: initial_points must be below the number of trials (6), not {points}")
    content["tune"]["tuner"] = "random"
    assert Params.model_validate(content).tune.initial_points == points


def test_a_tuner_that_does_not_exist_is_named(refusal):
    assert refusal(changed("tune.tuner", "grid")).startswith(": tune.tuner: ")
