"""The search chooses from the lists it was given, and leaves the rest of the head alone."""

import itertools

import keras_tuner as kt
import pytest

from models.heads import HeadConfig
from tuning.space import SearchSpace, choose_head

SPACE = SearchSpace(units=(16, 32), dropout=(0.1, 0.2, 0.4), learning_rate=(0.01, 0.001))
BASE = HeadConfig(units=7, dropout=0.9, activation="swish", age_head="linear")


@pytest.mark.parametrize(
    ("units", "dropout", "rate"), list(itertools.product(SPACE.units, SPACE.dropout, SPACE.learning_rate))
)
def test_chosen_values_become_the_head(units, dropout, rate):
    hp = kt.HyperParameters()
    hp.values = {"units": units, "dropout": dropout, "learning_rate": rate}
    config, learning_rate = choose_head(hp, SPACE, base=BASE)
    assert config == HeadConfig(units=units, dropout=dropout, activation="swish", age_head="linear")
    assert learning_rate == rate


def test_choices_are_those_of_the_space():
    hp = kt.HyperParameters()
    choose_head(hp, SPACE, base=BASE)
    assert {choice.name: tuple(choice.values) for choice in hp.space} == {
        "units": SPACE.units,
        "dropout": SPACE.dropout,
        "learning_rate": SPACE.learning_rate,
    }
