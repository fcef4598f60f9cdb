"""What a network is trained for: the losses of its outputs, how they are weighed, and the metrics beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from keras import ops

from agelens.data_prep.core.labels import ATTRIBUTES, attribute_indices
from agelens.models.training.keras_metrics import ExactMAE, GroupAccuracy
from agelens.models.training.losses import GroupLoss, IntervalLoss, LabelDistributionLoss

Targets = dict[str, npt.NDArray[np.float32]]

AGE_OUTPUTS = frozenset({"age", "age_distribution"})
"""Outputs whose targets are intervals of years."""


@dataclass(frozen=True)
class Objective:
    """Losses and their weights.

    Args:
        age_loss: Loss of the age in years.
        delta: Years up to which `huber` is quadratic.
        age_weight: Weight of the age loss; with a distribution head it is the small pull on the expectation.
        group_weight: Weight of the group's cross-entropy; 0 trains the age alone.
        distribution_weight: Weight of the label distribution, where the head has one.
        sigma: Widest standard deviation of the label distribution in years.
        gender_weight: Weight of the gender's cross-entropy, where the head has that output.
        ethnicity_weight: Weight of the ethnicity's cross-entropy, likewise.
        label_smoothing: Share of the group's label that is spread over all groups.
    """

    age_loss: Literal["mae", "mse", "huber"] = "mae"
    delta: float = 1.0
    age_weight: float = 1.0
    group_weight: float = 0.5
    distribution_weight: float = 1.0
    sigma: float = 2.0
    gender_weight: float = 0.3
    ethnicity_weight: float = 0.2

    @property
    def attribute_weights(self) -> dict[str, float]:
        """The weight of each of `ATTRIBUTES`."""
        return {"gender": self.gender_weight, "ethnicity": self.ethnicity_weight}

    label_smoothing: float = 0.0


def compile_model(model: Any, objective: Objective, *, optimizer: Any, steps_per_execution: int = 1) -> None:
    """Compile a head or a whole network for its objective; the metrics become `val_age_mae` and the like.

    Args:
        model: From features or pictures to outputs by name.
        objective: What it is trained for.
        optimizer: Keras's.
        steps_per_execution: Batches that run without Python in between, which saves a small head much of its time;
            callbacks hear of them together.
    """
    losses: dict[str, Any] = {
        "age_group": GroupLoss(label_smoothing=objective.label_smoothing),
        "age": IntervalLoss(objective.age_loss, delta=objective.delta),
    }
    weights = {"age_group": objective.group_weight, "age": objective.age_weight}
    if "age_distribution" in model.output:
        losses["age_distribution"] = LabelDistributionLoss(sigma=objective.sigma)
        weights["age_distribution"] = objective.distribution_weight
    metrics = {"age": [ExactMAE()], "age_group": [GroupAccuracy()]}
    for attribute in ATTRIBUTES.keys() & model.output.keys():
        losses[attribute], weights[attribute], metrics[attribute] = (
            GroupLoss(),
            objective.attribute_weights[attribute],
            [GroupAccuracy()],
        )
    # XLA compiles convolutions badly on a CPU: a training step took 17 times longer with it.
    model.compile(
        optimizer=optimizer,
        loss=losses,
        loss_weights=weights,
        metrics=metrics,
        jit_compile=False,
        steps_per_execution=steps_per_execution,
    )
    _make_variables(model)


def _make_variables(model: Any) -> None:
    """Let losses and metrics make their variables; if they do in a first step, it is traced twice.

    The optimiser's are made by whoever trains: made here, Keras Tuner would load those of a promoted trial into them.
    """
    outputs = {name: ops.zeros((1, *output.shape[1:])) for name, output in model.output.items()}
    intervals = AGE_OUTPUTS & outputs.keys()
    targets = {name: ops.zeros((1, 2) if name in intervals else (1,)) for name in outputs}
    ones = {name: ops.ones((1,)) for name in outputs}
    model.compute_loss(None, targets, outputs, ones)
    model.compute_metrics(None, targets, outputs, ones)
    model.reset_metrics()


def targets_of(table: pd.DataFrame, outputs: Mapping[str, Any]) -> Targets:
    """Return the targets of a split's rows, by output.

    Args:
        table: A table with the columns of SPLIT.
        outputs: The model's outputs by name; only their names are used.

    Returns:
        `age` and `age_distribution` as `(N, 2)` low and high years, `age_group` and attributes as `(N,)` indices, -1
        for none.
    """
    interval = table[["age_low", "age_high"]].to_numpy(np.float32)
    known = {"age": interval, "age_distribution": interval, "age_group": table["age_group"].to_numpy(np.float32)}
    known |= {attribute: attribute_indices(table[attribute], attribute).astype(np.float32) for attribute in ATTRIBUTES}
    return {name: known[name] for name in outputs}


def loss_weights_of(table: pd.DataFrame, outputs: Mapping[str, Any]) -> Targets:
    """Return each row's weight by output: the column `weight` for both age outputs, 1 for all others."""
    ones = np.ones(len(table), dtype=np.float32)
    weight = table["weight"].to_numpy(np.float32) if "weight" in table else ones
    return {name: weight if name in AGE_OUTPUTS else ones for name in outputs}
