"""How a search builds and trains the model of a trial."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras

from agelens.models.training.history import MONITOR
from agelens.models.training.phases import build_optimizer_variables
from agelens.tuning.recipe import Settings

TrialData = tuple[Any, int, Any]
"""An endless training dataset, its number of batches per epoch, and the validation dataset."""

EpochLogs = Mapping[str, float]
"""Losses and metrics of one epoch by name, and `epoch`, which counts from 1."""


@dataclass(frozen=True)
class ModelFactory:
    """Builds a model from settings, and supplies what its training needs.

    Args:
        build: Returns a newly initialised model, compiled for a number of epochs. Settings that are not given keep
            their untuned values.
        data: Returns the datasets for given settings, outputs of the model and a seed of the order of the batches.
        callbacks: Returns the Keras callbacks that training with given settings needs.
    """

    build: Callable[[Settings, int], Any]
    data: Callable[[Settings, Mapping[str, Any], int], TrialData]
    callbacks: Callable[[Settings], list[Any]] = lambda _: []

    def fit(
        self, model: Any, settings: Settings, *, seed: int, on_epoch_end: Callable[[EpochLogs], None], **options: Any
    ) -> Any:
        """Train a model and return its Keras history.

        Args:
            model: A model that `build` returned for these settings.
            settings: Its settings.
            seed: Seed of the order of the batches.
            on_epoch_end: Called after each epoch with its logs.
            options: Further arguments of `keras.Model.fit`, for example `epochs`.
        """
        build_optimizer_variables(model)
        training, steps, validation = self.data(settings, model.output, seed)
        listener = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: on_epoch_end(
                {"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}}
            )
        )
        callbacks = [*options.pop("callbacks", ()), *self.callbacks(settings), listener]
        return model.fit(
            training,
            steps_per_epoch=steps,
            validation_data=validation,
            callbacks=callbacks,
            shuffle=False,  # the dataset determines its own order
            **options,
        )


@dataclass(frozen=True)
class Timing:
    """Seconds that a trial takes to start (building and tracing the model), and seconds per epoch."""

    start_seconds: float
    epoch_seconds: float

    def seconds(self, *, trials: int, epochs: int) -> float:
        """Return the duration of a number of trials that train a number of epochs in total."""
        return trials * self.start_seconds + epochs * self.epoch_seconds


@contextmanager
def fast_garbage_collection() -> Iterator[None]:
    """Exclude all objects that exist now from garbage collection inside the block.

    Keras Tuner and `train_from_scratch` collect garbage for each model. Without this, every collection traverses all
    of TensorFlow's objects.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def train_from_scratch(
    factory: ModelFactory,
    settings: Settings,
    *,
    epochs: int,
    seed: int,
    on_epoch_end: Callable[[EpochLogs], None] = lambda _: None,
) -> float:
    """Train a new model with given settings and return the validation MAE in years of its best epoch."""
    keras.backend.clear_session()
    gc.collect()
    keras.utils.set_random_seed(seed)
    model = factory.build(settings, epochs)
    history = factory.fit(model, settings, seed=seed, on_epoch_end=on_epoch_end, epochs=epochs, verbose=0)
    return float(min(history.history[MONITOR]))


def measure_timing(factory: ModelFactory) -> Timing:
    """Train the untuned model for two epochs and return the timing; the first epoch includes the start."""
    times = [time.perf_counter()]
    train_from_scratch(factory, {}, epochs=2, seed=0, on_epoch_end=lambda _: times.append(time.perf_counter()))
    first, second = times[1] - times[0], times[2] - times[1]
    return Timing(start_seconds=max(0.0, first - second), epoch_seconds=second)
