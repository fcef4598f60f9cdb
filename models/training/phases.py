"""Two phases of training: the head on cached features, then the head and the top of the backbone on pictures.

The frozen phase keeps a random head's large errors from spoiling ImageNet's filters; the second phase adapts them.
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
from agelens.models.training.weight_averaging import WeightArrays, WeightAverage, values_of

Schedule = Literal["constant", "plateau", "cosine"]


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
        average: Momentum of the moving average of the weights, which is then what is validated and kept; 0 has none.
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


def schedule_callbacks(config: PhaseConfig) -> list[Any]:
    """Return what a schedule needs beside its optimiser in a training that `fit_phase` does not run."""
    if config.schedule != "plateau":
        return []
    patience = config.plateau_patience
    return [
        keras.callbacks.ReduceLROnPlateau(MONITOR, mode="min", factor=0.5, patience=patience, min_delta=MIN_IMPROVEMENT)
    ]


def build_optimizer_variables(model: Any) -> None:
    """Let the optimiser make its variables; if it does in a first step, that is traced twice."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


class PhaseKeeper(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: keeps the best weights and the state, sets the plateau's rate, and stops when it is time.

    Args:
        config: How the phase trains.
        recorder: Its history; must be called before.
        average: The moving average, or None.
        best: WeightArrays of the best epoch so far.
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
        """Keep what is best, and all that it takes to go on."""
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
    """Return whether a phase has had its epochs, or its patience is at an end."""
    return len(records) >= config.epochs or 0 < config.patience <= epochs_without_improvement(records)


def fit_phase(  # noqa: PLR0913  one argument for each thing that a phase is made of
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
) -> list[EpochRecord]:
    """Train a compiled model and leave its best weights in it.

    Args:
        model: Compiled by `compile_model`.
        training: An endless dataset; with `state`, from the epoch after its last on.
        steps: Its batches in an epoch.
        validation: A dataset; it alone decides which epoch is best.
        config: How to train.
        phase: 1 or 2, for the history.
        first_epoch: How many epochs earlier phases took, for the history.
        state: Where an earlier call was stopped; the training goes on as if it had not been.
        keep: Called after each epoch with the state that `state` takes.
        listener: Called after each epoch.
        callbacks: More Keras callbacks, for example a progress bar.

    Returns:
        The history, one record per epoch, those before a stop included.

    Raises:
        ParamsError: The loss stopped being a number.
    """
    build_optimizer_variables(model)
    done = len(state.records) if state else 0
    if state:
        _restore(model, state)
    recorder = HistoryRecorder(
        phase=phase, first_epoch=first_epoch, listener=listener, records=state.records if state else ()
    )
    average = WeightAverage(config.average, values=state.average if state else []) if config.average else None
    keeper = PhaseKeeper(config, recorder=recorder, average=average, best=state.best if state else [], keep=keep)
    if not is_over(recorder.records, config):
        averaging = [average] if average else []
        model.fit(
            training,
            steps_per_epoch=steps,
            initial_epoch=done,
            epochs=config.epochs,
            validation_data=validation,
            callbacks=[keras.callbacks.TerminateOnNaN(), *averaging, recorder, keeper, *callbacks],
            shuffle=False,  # the dataset deals its own order
            verbose=0,
        )
    if recorder.records and not np.isfinite(recorder.records[-1].loss):
        msg = f"Phase {phase} diverged in epoch {recorder.records[-1].epoch}; lower train.phase{phase}.learning_rate."
        raise ParamsError(msg)
    model.set_weights(keeper.best)
    return recorder.records


def _restore(model: Any, state: PhaseState) -> None:
    for variables, values in ((model.variables, state.model), (model.optimizer.variables, state.optimizer)):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
