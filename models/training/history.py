"""The history of a training, and what follows from it: the best epoch, the plateau's learning rate, early stopping.

Everything that counts epochs is a function of the history, so a resumed training needs no counters.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import keras
import pandas as pd
from keras import ops

from agelens.models.training.keras_metrics import AgeErrors

MONITOR = "val_age_mae"

MIN_IMPROVEMENT = 1e-4
"""Years by which the MAE must fall to end a plateau; the default of ReduceLROnPlateau in Keras."""


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of the history.

    `epoch` counts from 1 across both phases. `learning_rate` is that of the step in the middle of the epoch: a warm-up
    begins at a twentieth of the rate, and a cosine ends at a hundredth, so that the first or the last step would not
    describe the epoch. `details` are further figures by name: `age_cs5` and `val_age_cs5`, and of the validation rows
    the loss of each output before its weight, such as `val_loss/age`, and the MAE of each band of exact ages, such as
    `val_mae/20-29`. Lists in the order of names show them after the others.
    """

    epoch: int
    phase: int
    loss: float
    val_loss: float
    age_mae: float
    val_age_mae: float
    age_group_accuracy: float
    val_age_group_accuracy: float
    learning_rate: float
    details: Mapping[str, float] = field(default_factory=dict)

    def as_row(self) -> dict[str, float]:
        """Return the figures of the epoch by name, the details after the others."""
        return {name: getattr(self, name) for name in COLUMNS} | dict(self.details)


COLUMNS = tuple(name for name in EpochRecord.__dataclass_fields__ if name != "details")
"""The figures that every history has."""


class HistoryRecorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Collects an `EpochRecord` per epoch and hands each to `listener`.

    Args:
        phase: 1 or 2.
        first_epoch: Number of epochs of earlier phases.
        listener: Called with each new record.
        records: Records of earlier epochs, if training resumes.
        errors: The metric of the compiled model from which the details of validation come; None for a history without.
    """

    def __init__(
        self,
        *,
        phase: int,
        first_epoch: int,
        listener: Callable[[EpochRecord], None],
        records: Sequence[EpochRecord] = (),
        errors: AgeErrors | None = None,
    ) -> None:
        super().__init__()
        self.errors = errors
        self.phase, self.first_epoch, self.listener = phase, first_epoch, listener
        self.records = list(records)
        self._rate = float("nan")

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Store the learning rate at the start of the epoch, which applies until a schedule changes it."""
        del epoch, logs
        self._rate = float(ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Store the learning rate in the middle of the epoch."""
        del logs
        if batch == self.params["steps"] // 2:
            self._rate = float(ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record one epoch."""
        values = logs or {}
        missing = float("nan")
        record = EpochRecord(
            epoch=self.first_epoch + epoch + 1,
            phase=self.phase,
            learning_rate=self._rate,
            details=self._details(values),
            **{
                name: float(values.get(name, missing))
                for name in COLUMNS
                if name not in {"epoch", "phase", "learning_rate"}
            },
        )
        self.records.append(record)
        self.listener(record)

    def _details(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the details of an epoch, which has just been validated."""
        if self.errors is None:
            return {}
        cs5 = {name: float(values[name]) for name in ("age_cs5", "val_age_cs5")}
        found = (re.fullmatch("val_(.+)_loss", name) for name in values)
        losses = {f"val_loss/{name[1]}": float(values[name[0]]) for name in found if name}
        bands = {f"val_mae/{band}": mae for band, mae in self.errors.mae_by_band().items()}
        return cs5 | losses | bands


def best_epoch(records: Sequence[EpochRecord]) -> EpochRecord:
    """Return the epoch with the lowest validation MAE, the first of equal ones."""
    return min(records, key=lambda record: record.val_age_mae)


def epochs_without_improvement(records: Sequence[EpochRecord]) -> int:
    """Return how many epochs have passed since the best one; 0 for an empty history."""
    return records[-1].epoch - best_epoch(records).epoch if records else 0


def plateau_rate(records: Sequence[EpochRecord], *, rate: float, patience: int) -> float:
    """Return the learning rate of the next epoch, halved after every `patience` epochs without improvement."""
    best, waited = float("inf"), 0
    for record in records:
        gained = record.val_age_mae < best - MIN_IMPROVEMENT
        best, waited = (record.val_age_mae, 0) if gained else (best, waited + 1)
        if waited >= patience:
            rate, waited = rate / 2, 0
    return rate


def history_table(records: Sequence[EpochRecord]) -> pd.DataFrame:
    """Return the history as a table, one row per epoch."""
    return pd.DataFrame([record.as_row() for record in records], columns=None if records else list(COLUMNS))
