"""One phase of training: settings, optimizer, and a fit that keeps the best weights and can be resumed.

Phase 1 trains the head on cached features, so that the large errors of a random head do not change the backbone's
pre-trained weights. Phase 2 trains the head and the top of the backbone on images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from agelens.data_prep.core.errors import ParamsError
from agelens.models.training.checkpoint import PhaseState
from agelens.models.training.history import (
    MIN_IMPROVEMENT,
    MONITOR,
    EpochRecord,
    HistoryRecorder,
    best_epoch,
    epochs_without_improvement,
    plateau_rate,
)
from agelens.models.training.keras_metrics import AgeErrors
from agelens.models.training.weight_averaging import WeightArrays, WeightAverage, values_of

Schedule = Literal["constant", "plateau", "cosine"]


@dataclass(frozen=True)
class PhaseConfig:
    """The settings of one phase.

    Args:
        epochs: Largest number of epochs.
        learning_rate: Initial learning rate of AdamW.
        schedule: Of the learning rate. `constant`; `plateau` halves it after `plateau_patience` epochs without
            improvement; `cosine` warms up for a twentieth of the steps and decreases to a hundredth by the last epoch.
        plateau_patience: See `schedule`.
        patience: Stop after this many epochs without improvement of the validation MAE; 0 never stops early.
        weight_decay: Of AdamW.
        average: Momentum of the moving average of the weights, which is then validated and kept; 0 for none.
    """

    epochs: int
    learning_rate: float
    schedule: Schedule = "plateau"
    plateau_patience: int = 3
    patience: int = 0
    weight_decay: float = 0.0
    average: float = 0.0


class BatchListener(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls `finished(1)` after each training batch, for a progress bar."""

    def __init__(self, finished: Callable[[int], None]) -> None:
        super().__init__()
        self.finished = finished

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Report one more batch."""
        del batch, logs
        self.finished(1)


def build_optimizer(config: PhaseConfig, *, steps: int) -> Any:
    """Return AdamW with the schedule of the phase; `steps` are the batches of one epoch."""
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


def schedule_callbacks(config: PhaseConfig) -> list[Any]:
    """Return the callbacks of the schedule, for a training that does not use `fit_phase`."""
    if config.schedule != "plateau":
        return []
    patience = config.plateau_patience
    return [
        keras.callbacks.ReduceLROnPlateau(MONITOR, mode="min", factor=0.5, patience=patience, min_delta=MIN_IMPROVEMENT)
    ]


def build_optimizer_variables(model: Any) -> None:
    """Create the variables of the optimizer now; otherwise the first training step is traced twice."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


class CheckpointCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch, keeps the best weights, stores the state, sets the plateau's learning rate, and stops early.

    Args:
        config: Settings of the phase.
        recorder: Of the history; its callback must run first.
        average: The moving average, or None.
        best: Weights of the best epoch so far.
        keep: Called with the state after each epoch.
    """

    def __init__(
        self,
        config: PhaseConfig,
        *,
        recorder: HistoryRecorder,
        average: WeightAverage | None,
        best: WeightArrays,
        keep: Callable[[PhaseState], None],
    ) -> None:
        super().__init__()
        self.config, self.recorder, self.average, self.best, self.keep = config, recorder, average, best, keep

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the best weights and store the state."""
        del epoch, logs
        records, config, optimizer = self.recorder.records, self.config, self.model.optimizer
        if not np.isfinite(records[-1].loss):
            return
        if best_epoch(records) is records[-1]:
            self.best = self.model.get_weights()
        if self.average is not None:
            self.average.restore()
        if config.schedule == "plateau":
            optimizer.learning_rate = plateau_rate(records, rate=config.learning_rate, patience=config.plateau_patience)
        self.keep(
            PhaseState(
                records=list(records),
                model=values_of(self.model.variables),
                optimizer=values_of(optimizer.variables),
                average=[value.copy() for value in self.average.values] if self.average else [],
                best=self.best,
            )
        )
        self.model.stop_training |= is_over(records, config)


def is_over(records: Sequence[EpochRecord], config: PhaseConfig) -> bool:
    """Return whether a phase has had all its epochs, or `patience` epochs without improvement."""
    return len(records) >= config.epochs or 0 < config.patience <= epochs_without_improvement(records)


def fit_phase(  # noqa: PLR0913  one keyword argument for each part of a phase
    model: Any,
    training: Any,
    *,
    steps: int,
    validation: Any,
    config: PhaseConfig,
    phase: int,
    first_epoch: int = 0,
    state: PhaseState | None = None,
    keep: Callable[[PhaseState], None] = lambda _: None,
    listener: Callable[[EpochRecord], None] = lambda _: None,
    callbacks: Sequence[Any] = (),
    errors: AgeErrors | None = None,
) -> list[EpochRecord]:
    """Train a compiled model and leave its best weights in it.

    Args:
        model: Compiled by `compile_model`.
        training: An endless dataset; with `state`, it starts at the epoch after the last recorded one.
        steps: Batches in an epoch.
        validation: A dataset; the best epoch is the one with the lowest MAE on it.
        config: Settings of the phase.
        phase: 1 or 2, for the history.
        first_epoch: Epochs of earlier phases, for the history.
        state: From which training resumes, with the same result as an uninterrupted training.
        keep: Called with the state after each epoch, to store a checkpoint.
        listener: Called with the record of each epoch.
        callbacks: Further Keras callbacks, for example a progress bar.
        errors: The metric that the model was compiled with, for the details of the history.

    Returns:
        The history, one record per epoch, including those before an interruption.

    Raises:
        ParamsError: The loss is no longer finite.
    """
    build_optimizer_variables(model)
    done = len(state.records) if state else 0
    if state:
        _restore(model, state)
    recorder = HistoryRecorder(
        phase=phase,
        first_epoch=first_epoch,
        listener=listener,
        records=state.records if state else (),
        errors=errors,
    )
    average = WeightAverage(config.average, values=state.average if state else []) if config.average else None
    checkpointer = CheckpointCallback(
        config, recorder=recorder, average=average, best=state.best if state else [], keep=keep
    )
    if not is_over(recorder.records, config):
        averaging = [average] if average else []
        model.fit(
            training,
            steps_per_epoch=steps,
            initial_epoch=done,
            epochs=config.epochs,
            validation_data=validation,
            callbacks=[keras.callbacks.TerminateOnNaN(), *averaging, recorder, checkpointer, *callbacks],
            shuffle=False,  # the dataset is in random order already
            verbose=0,
        )
    if recorder.records and not np.isfinite(recorder.records[-1].loss):
        msg = f"Phase {phase} diverged in epoch {recorder.records[-1].epoch}. Lower train.phase{phase}.learning_rate."
        raise ParamsError(msg)
    model.set_weights(checkpointer.best)
    return recorder.records


def _restore(model: Any, state: PhaseState) -> None:
    for variables, values in ((model.variables, state.model), (model.optimizer.variables, state.optimizer)):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
