"""A moving average of the weights: smoother than the last step's, and it costs one addition per step."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

Weights = list[npt.NDArray[Any]]


def values_of(variables: Sequence[Any]) -> Weights:
    """Return copies of the values of Keras variables."""
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Averages the trained weights exponentially, and puts the average in their place to be validated.

    Averages of the path of SGD lie nearer to the middle of a minimum than its last point (Polyak and Juditsky 1992;
    Izmailov et al. 2018, "Averaging weights leads to wider optima"). From validation on, `model` holds the average;
    the weights themselves come back with `restore`.

    Args:
        momentum: Share of the average that a step keeps. The first steps keep less, `(1 + n) / (10 + n)`, so that
            the untrained weights are soon forgotten.
        values: The average of a training that is resumed; empty begins with the model's weights.
    """

    def __init__(self, momentum: float, *, values: Weights) -> None:
        super().__init__()
        self.momentum, self.values = momentum, list(values)
        self._raw: Weights = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Begin with the model's weights, unless a training is resumed."""
        del logs
        self.values = self.values or values_of(self.model.trainable_variables)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the average towards the weights."""
        del batch, logs
        done = int(self.model.optimizer.iterations)
        share = 1 - min(self.momentum, (1 + done) / (10 + done))
        for average, variable in zip(self.values, self.model.trainable_variables, strict=True):
            average += share * (ops.convert_to_numpy(variable) - average)  # noqa: PLW2901  changed in place

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Put the average in place of the weights."""
        del logs
        if not self._raw:
            self._raw = values_of(self.model.trainable_variables)
            self._write(self.values)

    def restore(self) -> None:
        """Put the weights back."""
        if self._raw:
            self._write(self._raw)
            self._raw = []

    def _write(self, values: Weights) -> None:
        for variable, value in zip(self.model.trainable_variables, values, strict=True):
            variable.assign(value)
