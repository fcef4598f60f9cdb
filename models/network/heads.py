"""The head: dense layers on the features, and the outputs. The search and both phases of training build it here."""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from keras import layers

from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE

AGES = MAX_AGE + 1
"""Classes of the distribution head: the whole years 0..100."""


@dataclass(frozen=True)
class HeadConfig:
    """The settings of a head.

    Args:
        units: Width of the dense layer.
        dropout: Share of the outputs of a dense layer that is dropped in training.
        activation: Activation of the dense layers.
        second_units: Width of a second dense layer with the same dropout and activation; 0 for none.
        age_head: `linear` predicts the age by one linear unit, `distribution` as the mean of a softmax over the years
            0..100 (DEX, Rothe et al. 2018).
        attributes: Names of `ATTRIBUTES` to predict, each by a softmax over its classes.
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
        config: Settings of the head.
        features: Width of the pooled features.
        groups: Number of age groups.
        start_age: Age that an untrained linear head predicts; with the mean of the training ages it needs fewer epochs.

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

    A compiled head would store its losses in the network that it becomes a part of, and loading that would need their
    classes.
    """
    copy = keras.Model.from_config(head.get_config())
    copy.set_weights(head.get_weights())
    return copy
