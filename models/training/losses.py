"""Losses for labels that may be age intervals: targets `(B, 2)` of lowest and highest age, equal for exact ages.

A prediction of the age inside the interval has zero loss. All losses use `keras.ops`, for every Keras backend.
"""

import math
from typing import Any, Literal

import keras
from keras import ops

from agelens.data_prep.core.labels import MAX_AGE

INTERVAL_SIGMA = 1.5
"""Years by which the edges of an age interval are smoothed: annotators do not know them to the year."""


def interval_error(target: Any, predicted: Any) -> Any:
    """Return the years `(B,)` by which `predicted (B, 1)` lies outside `target (B, 2)`; |error| for exact ages."""
    age = ops.reshape(predicted, (-1,))
    return ops.maximum(ops.maximum(target[:, 0] - age, age - target[:, 1]), 0.0)


@keras.saving.register_keras_serializable("agelens")
class IntervalLoss(keras.losses.Loss):  # type: ignore[misc]
    """Loss of the age in years: `mae`, `mse`, or `huber` (quadratic up to `delta` years, linear beyond)."""

    def __init__(
        self,
        kind: Literal["mae", "mse", "huber"] = "mae",
        *,
        delta: float = 1.0,
        name: str = "interval_loss",
        **options: Any,
    ) -> None:
        super().__init__(name=name, **options)
        self.kind, self.delta = kind, delta

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss `(B,)`."""
        error = interval_error(y_true, y_pred)
        if self.kind == "mse":
            return ops.square(error)
        if self.kind == "huber":
            quadratic = ops.minimum(error, self.delta)
            return 0.5 * ops.square(quadratic) + self.delta * (error - quadratic)
        return error

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "kind": self.kind, "delta": self.delta}


def _smooth_step(years: Any) -> Any:
    """Return a step from 0 to 1 at 0 years, smoothed by `INTERVAL_SIGMA`."""
    return 0.5 * (1 + ops.erf(years / (INTERVAL_SIGMA * math.sqrt(2))))


@keras.saving.register_keras_serializable("agelens")
class LabelDistributionLoss(keras.losses.Loss):  # type: ignore[misc]
    """Loss of a softmax over the years 0..100.

    For an exact age it is the cross-entropy with a normal distribution about the age a (Gao et al. 2017, "Deep Label
    Distribution Learning"). Its standard deviation is `min(sigma, 0.5 + a/4, 0.5 + (100 - a)/4)` years: a constant one
    would be cut off at both ends of the range, which raises the ages of babies and lowers those of the oldest.

    For an age interval it is the cross-entropy with a flat distribution over its years, smoothed by `INTERVAL_SIGMA`.
    Minus the logarithm of the probability inside the interval would be minimal wherever that probability is: networks
    then predict nearly all of it in one year for all photographs that resemble a source of age intervals.
    """

    def __init__(self, *, sigma: float = 2.0, name: str = "label_distribution", **options: Any) -> None:
        super().__init__(name=name, **options)
        self.sigma = sigma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss `(B,)`."""
        low, high = y_true[:, :1], y_true[:, 1:]
        years = ops.arange(0, MAX_AGE + 1, dtype=y_pred.dtype)[None]
        probability = ops.clip(y_pred, 1e-7, 1.0)
        width = ops.minimum(self.sigma, ops.minimum(0.5 + low / 4, 0.5 + (MAX_AGE - low) / 4))
        soft = ops.softmax(-0.5 * ops.square((years - low) / width), axis=-1)
        exact = -ops.sum(soft * ops.log(probability), axis=-1)
        flat = _smooth_step(years - ops.floor(low) + 0.5) - _smooth_step(years - ops.floor(high) - 0.5)
        flat = flat / ops.sum(flat, axis=-1, keepdims=True)
        within = -ops.sum(flat * ops.log(probability), axis=-1)
        return ops.where(y_true[:, 0] == y_true[:, 1], exact, within)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "sigma": self.sigma}


@keras.saving.register_keras_serializable("agelens")
class GroupLoss(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of the age group or of an attribute; rows without a label (-1) have zero loss.

    With `label_smoothing` s the target is 1 - s for the label, plus s spread evenly over all classes.
    """

    def __init__(self, *, label_smoothing: float = 0.0, name: str = "group_loss", **options: Any) -> None:
        super().__init__(name=name, **options)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss `(B,)`."""
        label = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        own = keras.losses.sparse_categorical_crossentropy(ops.maximum(label, 0), y_pred)
        even = -ops.mean(ops.log(ops.clip(y_pred, 1e-7, 1.0)), axis=-1)
        loss = (1 - self.label_smoothing) * own + self.label_smoothing * even
        return ops.where(label >= 0, loss, 0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}
