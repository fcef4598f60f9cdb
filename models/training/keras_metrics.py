"""Keras metrics during training, on the same targets as the losses."""

from typing import Any

import keras
import numpy as np
from keras import ops

from agelens.data_prep.core.age_bands import BAND_NAMES, TEN_YEARS
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
class AgeErrors(keras.metrics.Metric):  # type: ignore[misc]
    """CS@5, the share of rows with an error of at most 5 years, and the MAE of each age band, over exact ages.

    The result is the CS@5. Sums are kept by band in vectors, so that a step computes little more than without.
    """

    def __init__(self, name: str = "cs5", **options: Any) -> None:
        super().__init__(name=name, **options)
        bands = (len(BAND_NAMES),)
        self.rows = self.add_weight(shape=bands, initializer="zeros", name="rows")
        self.errors = self.add_weight(shape=bands, initializer="zeros", name="errors")
        self.within = self.add_weight(shape=bands, initializer="zeros", name="within")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch, without the weights of the loss."""
        del sample_weight
        y_true = ops.cast(y_true, "float32")
        error = interval_error(y_true, ops.cast(y_pred, "float32"))[:, None]
        band = ops.sum(ops.cast(y_true[:, :1] >= np.array(TEN_YEARS, np.float32), "int32"), axis=-1)
        exact = ops.cast(y_true[:, :1] == y_true[:, 1:], "float32")
        member = ops.one_hot(band, len(BAND_NAMES), dtype="float32") * exact
        self.rows.assign_add(ops.sum(member, axis=0))
        self.errors.assign_add(ops.sum(member * error, axis=0))
        self.within.assign_add(ops.sum(member * ops.cast(error <= 5.0, "float32"), axis=0))

    def result(self) -> Any:
        """Return the CS@5; 0 without a row."""
        return ops.sum(self.within) / ops.maximum(ops.sum(self.rows), 1.0)

    def mae_by_band(self) -> dict[str, float]:
        """Return the MAE in years of each band that has rows, by its name."""
        rows, errors = ops.convert_to_numpy(self.rows), ops.convert_to_numpy(self.errors)
        return {name: float(errors[i] / rows[i]) for i, name in enumerate(BAND_NAMES) if rows[i] > 0}


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
