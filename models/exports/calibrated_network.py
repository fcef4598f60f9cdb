"""The network that every format is exported from: preprocessing, mirror image and calibration in one graph."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from agelens.data_prep.core.labels import AgeGroups
from agelens.models.calibration.calibration import Calibration
from agelens.models.exports.calibration_graph import calibrated_age, group_of_age, interval_ends

INPUT = "image"
"""Name of the input, `uint8 (B, S, S, 3)` RGB: views."""

YEARS_OUTPUTS = ("age", "age_low", "age_high")
"""Outputs `(B, 1)` in years: the calibrated age and the ends of its prediction interval."""

GROUP_OUTPUT = "age_group"
"""Output `int32 (B, 1)`: index of the age group that contains the calibrated age."""

PROBABILITIES = "age_group_probabilities"
"""Output `(B, G)`: the network's probability of each age group."""

DISTRIBUTION = "age_distribution"
"""Output `(B, 101)`: the probability of each age 0 to 100 before calibration, if the network predicts it."""


def build_calibrated_network(
    age_net: Any,
    *,
    calibration: Calibration,
    groups: AgeGroups,
    attributes: Sequence[str] = (),
    mirror_average: bool = False,
) -> Any:
    """Return a network with calibrated outputs, made of Keras's own layers and operations.

    Args:
        age_net: From `build_age_net`, or of the same input and outputs.
        calibration: Becomes part of the graph.
        groups: Age groups of the network.
        attributes: Outputs of the network that are exported, too, such as `gender`: `(B, C)` probabilities.
        mirror_average: Average the outputs for each view and for its mirror image. Both are computed as one batch, so
            that a file holds the weights once.

    Raises:
        DataError: The calibration needs an age distribution, which the network does not predict.
    """
    image = keras.Input(age_net.input_shape[1:], dtype="uint8", name=INPUT)
    raw = _mirror_averaged(age_net, image) if mirror_average else age_net(image)
    distribution = raw.get(DISTRIBUTION)
    age = calibrated_age(raw["age"], distribution, calibration)
    low, high = interval_ends(age, distribution, calibration)
    outputs = {
        **dict(zip(YEARS_OUTPUTS, (age, low, high), strict=True)),
        GROUP_OUTPUT: group_of_age(age, groups.first_ages),
        PROBABILITIES: raw["age_group"],
        **({} if distribution is None else {DISTRIBUTION: distribution}),
        **{name: raw[name] for name in attributes},
    }
    named = {name: layers.Identity(name=name, dtype=output.dtype)(output) for name, output in outputs.items()}
    return keras.Model(image, named, name="age_model")


def _mirror_averaged(age_net: Any, image: Any) -> dict[str, Any]:
    both = age_net(ops.concatenate([image, ops.flip(image, axis=2)], axis=0))
    return {name: ops.mean(ops.reshape(output, (2, -1, output.shape[1])), axis=0) for name, output in both.items()}
