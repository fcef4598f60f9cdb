"""What sits on the features: a dense layer and the outputs. The tuner and both phases build this same function."""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from keras import layers

from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE

AGES = MAX_AGE + 1
"""Bins of the distribution head: one for each whole year 0..100."""


@dataclass(frozen=True)
class HeadConfig:
    """A head.

    Args:
        units: Width of the dense layer.
        dropout: Share of its outputs that is dropped in training.
        activation: Its activation.
        second_units: Width of a second dense layer with the same dropout and activation; 0 for none.
        age_head: `linear` reads the age out by one linear neuron; `distribution` by the expectation of a softmax over
            the years 0..100 (DEX, Rothe et al. 2018), so the age stays a linear layer's output.
        attributes: Which of `ATTRIBUTES` are read out of the same dense layer, each by a softmax over its classes.
    """

    units: int = 512
    dropout: float = 0.3
    activation: str = "relu"
    age_head: Literal["linear", "distribution"] = "distribution"
    attributes: tuple[str, ...] = ()
    second_units: int = 0


def build_head(config: HeadConfig, *, features: int, groups: int, start_age: float = 35.0) -> Any:
    """Build the head.

    Args:
        config: Its settings.
        features: Width of the pooled features.
        groups: Number of age groups.
        start_age: Years that an untrained linear head answers; the mean of the training ages saves it an epoch.

    Returns:
        A model from `(B, features)` to `{"age_group": (B, groups) softmax, "age": (B, 1) years}` and, with a
        distribution head, `"age_distribution": (B, 101) softmax`; each attribute is a softmax output of its own name.
    """
    pooled = keras.Input((features,), name="features")
    x = layers.Dense(config.units, activation=config.activation, name="dense")(pooled)
    x = layers.Dropout(config.dropout, name="dropout")(x)
    if config.second_units:
        x = layers.Dense(config.second_units, activation=config.activation, name="second_dense")(x)
        x = layers.Dropout(config.dropout, name="second_dropout")(x)
    outputs = {"age_group": layers.Dense(groups, activation="softmax", dtype="float32", name="age_group")(x)}
    if config.age_head == "linear":
        bias = keras.initializers.Constant(start_age)
        outputs["age"] = layers.Dense(1, bias_initializer=bias, dtype="float32", name="age")(x)
    else:
        distribution = layers.Dense(AGES, activation="softmax", dtype="float32", name="age_distribution")(x)
        expectation = layers.Dense(1, use_bias=False, trainable=False, dtype="float32", name="age")
        outputs["age_distribution"] = distribution
        outputs["age"] = expectation(distribution)
        expectation.set_weights([np.arange(AGES, dtype="float32")[:, None]])
    for attribute in config.attributes:
        outputs[attribute] = layers.Dense(
            len(ATTRIBUTES[attribute].classes), activation="softmax", dtype="float32", name=attribute
        )(x)
    return keras.Model(pooled, outputs, name="head")


def copy_head(head: Any) -> Any:
    """Return a head with the same weights that is not compiled.

    A compiled one would drag its losses into a network that it is joined to, and whoever loads that would need their
    classes.
    """
    bare = keras.Model.from_config(head.get_config())
    bare.set_weights(head.get_weights())
    return bare
