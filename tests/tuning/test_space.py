"""Domains become hyperparameters of Keras Tuner with the same values."""

import keras_tuner as kt
import pytest

from agelens.tuning.space import Choices, Range, SearchSpace, sample

SPACE: SearchSpace = {
    "units": Choices((16, 32)),
    "activation": Choices(("relu", "gelu")),
    "second_units": Range(32, 128, step=32),
    "dropout": Range(0.1, 0.3, step=0.1),
    "learning_rate": Range(0.001, 0.1, log=True),
    "group_weight": Range(0.0, 1.0),
    "layers": Range(1, 3),
    "heads": Range(2, 8, step=2.0),
}


def test_keras_tuner_receives_all_domains():
    hp = kt.HyperParameters()
    sample(hp, SPACE)
    found = {each.name: each.get_config() for each in hp.space}
    assert list(found) == list(SPACE)
    assert found["units"]["values"] == [16, 32]
    assert found["activation"]["values"] == ["relu", "gelu"]
    numbers = ("min_value", "max_value", "step", "sampling")
    assert {name: tuple(found[name][key] for key in numbers) for name in list(SPACE)[2:]} == {
        "second_units": (32, 128, 32, "linear"),
        "dropout": (0.1, 0.3, 0.1, "linear"),
        "learning_rate": (0.001, 0.1, None, "log"),
        "group_weight": (0.0, 1.0, None, "linear"),
        "layers": (1, 3, 1, "linear"),
        "heads": (2, 8, 2, "linear"),
    }


def test_sampled_values_are_those_of_keras_tuner():
    values = {"units": 32, "activation": "gelu", "second_units": 96, "dropout": 0.2, "learning_rate": 0.05}
    values |= {"group_weight": 0.5, "layers": 2, "heads": 4}
    hp = kt.HyperParameters()
    hp.values = dict(values)
    assert sample(hp, SPACE) == values


@pytest.mark.parametrize(
    ("domain", "allowed"),
    [
        (Range(32, 128, step=32), {32, 64, 96, 128}),
        (Range(1, 3), {1, 2, 3}),
        (Range(8, 16, log=True), set(range(8, 17))),
    ],
)
def test_ranges_between_integers_contain_only_integers(domain, allowed):
    hp = kt.HyperParameters()
    sample(hp, {"units": domain})
    drawn = {hp.space[0].random_sample(seed) for seed in range(50)}
    assert len(drawn) > 1
    assert drawn <= allowed
    assert all(isinstance(value, int) for value in drawn)
