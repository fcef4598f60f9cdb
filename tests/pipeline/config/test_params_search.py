"""What params.yaml says of the search, and of the recipe that it begins with."""

import pytest

from agelens.data_prep.batches.augment import Augmentation
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections import NetworkSpace, Space
from agelens.pipeline.search.search_space import recipe_of, space_of
from agelens.tuning.recipe import HEAD, NETWORK, OBJECTIVE, OPTIMIZER, SETTINGS
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
def test_impossible_domain_of_the_search_is_named(setting, domain, refusal):
    assert refusal(changed(f"tune.space.{setting}", domain)).startswith(f": tune.space.{setting}")


def test_a_search_over_nothing_is_refused(refusal):
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
def test_impossible_value_of_the_search_is_named_with_its_place(setting, domain, place, refusal):
    assert refusal(changed(f"tune.space.{setting}", domain)).startswith(f": tune.space.{setting}.{place}")


def test_every_setting_of_a_recipe_can_be_searched_and_nothing_else():
    assert set(Space.model_fields) == set(SETTINGS) - set(NETWORK)
    assert set(NetworkSpace.model_fields) == set(NETWORK)


def test_the_space_of_the_search_is_what_params_say():
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


def test_the_space_of_whole_networks_is_that_of_heads_and_more():
    network = {"unfreeze": ["block5a", "block6a"], "augment_strength": {"low": 0, "high": 2}}
    settings = changed("tune.space", {"units": [64, 128]})
    settings["tune"] |= {"network_space": network}
    heads = {"units": Choices((64, 128))}
    assert space_of(Params.model_validate(settings)) == heads
    settings["tune"] |= {"scope": "network"}
    more = {"unfreeze": Choices(("block5a", "block6a")), "augment_strength": Range(0.0, 2.0)}
    assert space_of(Params.model_validate(settings)) == {**heads, **more}


def test_a_search_of_whole_networks_needs_a_space_of_its_own(refusal):
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
def test_impossible_space_of_whole_networks_is_named_with_its_place(setting, domain, place, refusal):
    line = refusal(changed(f"tune.network_space.{setting}", domain))
    assert line.startswith(f": tune.network_space.{setting}{place}")


def test_strengths_of_views_are_multiplied_as_far_as_they_may_be():
    augment = {"flip": True, "shift": 0.06, "zoom": 0.1, "rotation_degrees": 50, "brightness": 0.15, "contrast": 0.7}
    params = Params.model_validate(changed("augment", {**augment, "saturation": 0.0, "erase": 0.4}))
    augmentation = from_section(Augmentation, params.augment)
    assert augmentation == Augmentation(True, 0.06, 0.1, 50.0, 0.15, 0.7, 0.0, 0.4)
    assert augmentation.scaled(0.5) == Augmentation(True, 0.03, 0.05, 25.0, 0.075, 0.35, 0.0, 0.2)
    assert augmentation.scaled(2.0) == Augmentation(True, 0.12, 0.2, 90.0, 0.3, 1.0, 0.0, 0.5)
    assert augmentation.scaled(0.0) == Augmentation(True, 0, 0, 0, 0, 0, 0, 0)


def test_the_untuned_recipe_is_what_params_say():
    settings = recipe_of(Params.model_validate(DEMO)).settings()
    for section, names in (("model", HEAD), ("loss", OBJECTIVE), ("train", OPTIMIZER)):
        content = DEMO[section].get("phase1", DEMO[section])
        assert {name: settings[name] for name in names if name in content} == {
            name: content[name] for name in names if name in content
        }
