"""Two phases of training: the head on cached features, then the head and the top of the backbone on pictures.

The frozen phase keeps a random head's large errors from spoiling ImageNet's filters; the second phase adapts them.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import keras
import numpy as np
import pandas as pd

from data_prep.errors import ParamsError

MONITOR = "val_age_mae"


@dataclass(frozen=True)
class PhaseConfig:
    """How one phase trains.

    Args:
        epochs: At most so many.
        learning_rate: AdamW's, at the start.
        schedule: `constant`; `plateau` halves it after `plateau_patience` epochs without gain; `cosine` lets it fall
            to a hundredth by the last epoch, after a twentieth of the steps to warm up.
        plateau_patience: See `schedule`.
        patience: Stop after so many epochs without gain of validation MAE; 0 never stops early.
        weight_decay: AdamW's.
    """

    epochs: int
    learning_rate: float
    schedule: Literal["constant", "plateau", "cosine"] = "plateau"
    plateau_patience: int = 3
    patience: int = 0
    weight_decay: float = 0.0


@dataclass(frozen=True)
class EpochRecord:
    """One line of the history: both phases share the axis `epoch`, which counts from 1."""

    epoch: int
    phase: int
    loss: float
    val_loss: float
    age_mae: float
    val_age_mae: float
    age_group_accuracy: float
    val_age_group_accuracy: float
    learning_rate: float


class HistoryRecorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Collects an `EpochRecord` per epoch and hands each to `listener`."""

    def __init__(self, *, phase: int, first_epoch: int, listener: Callable[[EpochRecord], None]) -> None:
        super().__init__()
        self.phase, self.first_epoch, self.listener = phase, first_epoch, listener
        self.records: list[EpochRecord] = []
        self._rate = float("nan")

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the rate that the epoch starts with."""
        del epoch, logs
        self._rate = float(self.model.optimizer.learning_rate)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record one epoch."""
        values = logs or {}
        missing = float("nan")
        record = EpochRecord(
            epoch=self.first_epoch + epoch + 1,
            phase=self.phase,
            learning_rate=self._rate,
            **{
                name: float(values.get(name, missing))
                for name in EpochRecord.__dataclass_fields__
                if name not in {"epoch", "phase", "learning_rate"}
            },
        )
        self.records.append(record)
        self.listener(record)


class BatchListener(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls `finished(1)` after each training batch, for a progress bar."""

    def __init__(self, finished: Callable[[int], None]) -> None:
        super().__init__()
        self.finished = finished

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Tell that one more batch is done."""
        del batch, logs
        self.finished(1)


def build_optimizer(config: PhaseConfig, *, steps: int) -> Any:
    """Build AdamW with the phase's schedule; `steps` are the batches of one epoch."""
    total = max(1, steps * config.epochs)
    rate: Any = config.learning_rate
    if config.schedule == "cosine":
        warmup = max(1, total // 20)
        rate = keras.optimizers.schedules.CosineDecay(
            config.learning_rate / 20,
            decay_steps=max(1, total - warmup),
            alpha=0.01,
            warmup_target=config.learning_rate,
            warmup_steps=warmup,
        )
    return keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)


def fit_phase(
    model: Any,
    training: Any,
    *,
    steps: int,
    validation: Any,
    config: PhaseConfig,
    phase: int,
    first_epoch: int = 0,
    listener: Callable[[EpochRecord], None] = lambda _: None,
    callbacks: Sequence[Any] = (),
) -> list[EpochRecord]:
    """Train a compiled model and leave its best weights in it.

    Args:
        model: Compiled by `compile_model`.
        training: An endless dataset.
        steps: Its batches in an epoch.
        validation: A dataset; it alone decides which epoch is best.
        config: How to train.
        phase: 1 or 2, for the history.
        first_epoch: How many epochs earlier phases took, for the history.
        listener: Called after each epoch.
        callbacks: More Keras callbacks, for example a progress bar.

    Returns:
        The history, one record per epoch.

    Raises:
        ParamsError: The loss stopped being a number.
    """
    recorder = HistoryRecorder(phase=phase, first_epoch=first_epoch, listener=listener)
    own = [
        keras.callbacks.TerminateOnNaN(),
        recorder,
        keras.callbacks.EarlyStopping(
            MONITOR, mode="min", patience=config.patience or config.epochs, restore_best_weights=True
        ),
    ]
    if config.schedule == "plateau":
        own.append(keras.callbacks.ReduceLROnPlateau(MONITOR, mode="min", factor=0.5, patience=config.plateau_patience))
    model.fit(
        training,
        steps_per_epoch=steps,
        epochs=config.epochs,
        validation_data=validation,
        callbacks=[*own, *callbacks],
        shuffle=False,  # the dataset deals its own order
        verbose=0,
    )
    if recorder.records and not np.isfinite(recorder.records[-1].loss):
        msg = f"Phase {phase} diverged in epoch {recorder.records[-1].epoch}; lower train.phase{phase}.learning_rate."
        raise ParamsError(msg)
    return recorder.records


def best_epoch(records: Sequence[EpochRecord]) -> EpochRecord:
    """Return the epoch with the lowest validation MAE, the first of equals."""
    return min(records, key=lambda record: record.val_age_mae)


def history_table(records: Sequence[EpochRecord]) -> pd.DataFrame:
    """Return the history as a table, one row per epoch."""
    return pd.DataFrame([asdict(record) for record in records], columns=list(EpochRecord.__dataclass_fields__))
