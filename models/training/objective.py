"""The objective of a training: losses of the outputs, their weights, and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from keras import ops

from agelens.data_prep.core.labels import ATTRIBUTES, attribute_indices
from agelens.models.training.distribution import is_distributed
from agelens.models.training.keras_metrics import AgeErrors, ExactMAE, GroupAccuracy
from agelens.models.training.losses import GroupLoss, IntervalLoss, LabelDistributionLoss

Targets = dict[str, npt.NDArray[np.float32]]

AGE_OUTPUTS = frozenset({"age", "age_distribution"})
"""Outputs whose targets are the lowest and highest age of a label."""


DEFAULT_ATTRIBUTE_WEIGHT = 0.3


@dataclass(frozen=True)
class Objective:
    """Losses and their weights.

    Args:
        age_loss: Loss of the age in years.
        delta: Years up to which `huber` is quadratic.
        age_weight: Weight of the age loss. With a distribution head it adds a small loss on the mean.
        group_weight: Weight of the cross-entropy of the age group; 0 to train without it.
        distribution_weight: Weight of the loss of the age distribution, if the head has one.
        sigma: Largest standard deviation of the label distribution, in years.
        attribute_weights: Weight of the cross-entropy of each attribute that the head has as an output;
            `DEFAULT_ATTRIBUTE_WEIGHT` for attributes that are not listed.
        label_smoothing: Share of the label of the age group that is spread over all groups.
    """

    age_loss: Literal["mae", "mse", "huber"] = "mae"
    delta: float = 1.0
    age_weight: float = 1.0
    group_weight: float = 0.5
    distribution_weight: float = 1.0
    sigma: float = 2.0
    attribute_weights: dict[str, float] = field(default_factory=dict)
    label_smoothing: float = 0.0


def compile_model(
    model: Any,
    objective: Objective,
    *,
    optimizer: Any,
    steps_per_execution: int = 1,
    errors: AgeErrors | None = None,
) -> None:
    """Compile a head or a whole network for its objective; the metrics have names such as `val_age_mae`.

    Args:
        model: From features or images to outputs by name.
        objective: Losses and their weights.
        optimizer: From Keras.
        steps_per_execution: Batches per call of the training function. More of them make small heads faster; callbacks
            are called once for all of them.
        errors: A further metric of the age, for the details of a history.
    """
    losses: dict[str, Any] = {
        "age_group": GroupLoss(label_smoothing=objective.label_smoothing),
        "age": IntervalLoss(objective.age_loss, delta=objective.delta),
    }
    weights = {"age_group": objective.group_weight, "age": objective.age_weight}
    if "age_distribution" in model.output:
        losses["age_distribution"] = LabelDistributionLoss(sigma=objective.sigma)
        weights["age_distribution"] = objective.distribution_weight
    metrics = {"age": [ExactMAE(), *([errors] if errors else [])], "age_group": [GroupAccuracy()]}
    for attribute in ATTRIBUTES.keys() & model.output.keys():
        losses[attribute], metrics[attribute] = GroupLoss(), [GroupAccuracy()]
        weights[attribute] = objective.attribute_weights.get(attribute, DEFAULT_ATTRIBUTE_WEIGHT)
    # Without XLA: it makes convolutions slow on CPUs (17 times for one training step).
    model.compile(
        optimizer=optimizer,
        loss=losses,
        loss_weights=weights,
        metrics=metrics,
        jit_compile=False,
        steps_per_execution=steps_per_execution,
    )
    if not is_distributed():  # else Keras makes them: outside of a step, metrics cannot be updated on all devices
        _make_variables(model)


def _make_variables(model: Any) -> None:
    """Create the variables of losses and metrics now; otherwise the first training step is traced twice.

    The caller creates those of the optimizer: Keras Tuner would load the variables of a promoted trial into them.
    """
    outputs = {name: ops.zeros((1, *output.shape[1:])) for name, output in model.output.items()}
    intervals = AGE_OUTPUTS & outputs.keys()
    targets = {name: ops.zeros((1, 2) if name in intervals else (1,)) for name in outputs}
    ones = {name: ops.ones((1,)) for name in outputs}
    model.compute_loss(None, targets, outputs, ones)
    model.compute_metrics(None, targets, outputs, ones)
    model.reset_metrics()


def targets_of(table: pd.DataFrame, outputs: Mapping[str, Any]) -> Targets:
    """Return the training targets of a table, by output.

    Args:
        table: A table with the columns of SPLIT.
        outputs: The model's outputs by name; only the names are used.

    Returns:
        `age` and `age_distribution` as `(N, 2)` lowest and highest age in years, `age_group` and attributes as `(N,)`
        class indices, -1 without a label.
    """
    interval = table[["age_low", "age_high"]].to_numpy(np.float32)
    known = {"age": interval, "age_distribution": interval, "age_group": table["age_group"].to_numpy(np.float32)}
    known |= {attribute: attribute_indices(table[attribute], attribute).astype(np.float32) for attribute in ATTRIBUTES}
    return {name: known[name] for name in outputs}


def loss_weights_of(table: pd.DataFrame, outputs: Mapping[str, Any]) -> Targets:
    """Return the loss weights `(N,)` of the rows by output: the column `weight` for `AGE_OUTPUTS`, 1 for the others."""
    ones = np.ones(len(table), dtype=np.float32)
    weight = table["weight"].to_numpy(np.float32) if "weight" in table else ones
    return {name: weight if name in AGE_OUTPUTS else ones for name in outputs}
