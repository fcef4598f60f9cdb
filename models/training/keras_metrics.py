"""Keras metrics during training, on the same targets as the losses."""

from typing import Any

import keras
from keras import ops

from agelens.models.training.losses import interval_error


@keras.saving.register_keras_serializable("agelens")
class ExactMAE(keras.metrics.Mean):  # type: ignore[misc]
    """Mean absolute error in years over the rows whose age is exact; age intervals would make it too low."""

    def __init__(self, name: str = "mae", **options: Any) -> None:
        super().__init__(name=name, **options)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch, without the weights of the loss."""
        del sample_weight
        y_true = ops.cast(y_true, "float32")
        exact = ops.cast(y_true[:, 0] == y_true[:, 1], "float32")
        super().update_state(interval_error(y_true, ops.cast(y_pred, "float32")), sample_weight=exact)


@keras.saving.register_keras_serializable("agelens")
class GroupAccuracy(keras.metrics.Mean):  # type: ignore[misc]
    """Share of rows whose age group or attribute is predicted, over the rows that have one."""

    def __init__(self, name: str = "accuracy", **options: Any) -> None:
        super().__init__(name=name, **options)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        del sample_weight
        label = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        right = ops.cast(ops.equal(ops.argmax(y_pred, axis=-1), label), "float32")
        super().update_state(right, sample_weight=ops.cast(label >= 0, "float32"))
