"""What a search needs to know of the networks that it tries: how one is built, and what it learns from."""

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

Data = tuple[Any, int, Any]
"""An endless training dataset, its batches in an epoch, and the validation dataset."""

Log = Mapping[str, float]
"""What Keras says of an epoch: losses and metrics by name."""


@dataclass(frozen=True)
class Candidates:
    """The networks that settings stand for.

    Args:
        build: Returns a model with weights drawn anew, compiled for so many epochs; the untuned one for no settings.
        data: Returns what a model with these settings and outputs learns from, in the order of a seed.
        callbacks: Returns Keras callbacks that a training with these settings needs.
    """

    build: Callable[[Settings, int], Any]
    data: Callable[[Settings, Mapping[str, Any], int], Data]
    callbacks: Callable[[Settings], list[Any]] = lambda _: []

    def fit(self, model: Any, settings: Settings, *, seed: int, finished: Callable[[Log], None], **options: Any) -> Any:
        """Train a model that was built with these settings; `options` are more of Keras's.

        Args:
            model: As `build` returns it.
            settings: Its settings.
            seed: Of the order of its data.
            finished: Called after each epoch, with its logs.
            options: Of `keras.Model.fit`, for example `epochs`.
        """
        build_optimizer_variables(model)
        training, steps, validation = self.data(settings, model.output, seed)
        callbacks = [*options.pop("callbacks", ()), *self.callbacks(settings), EpochListener(finished)]
        return model.fit(
            training,
            steps_per_epoch=steps,
            validation_data=validation,
            callbacks=callbacks,
            shuffle=False,  # the dataset deals its own order
            **options,
        )


@dataclass(frozen=True)
class Pace:
    """Seconds that a candidate takes: to begin with (building and tracing), and for each epoch."""

    start_seconds: float
    epoch_seconds: float

    def seconds(self, *, trials: int, epochs: int) -> float:
        """Return how long so many trials with so many epochs in all will take."""
        return trials * self.start_seconds + epochs * self.epoch_seconds


class EpochListener(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls `finished` with the logs of each epoch."""

    def __init__(self, finished: Callable[[Log], None]) -> None:
        super().__init__()
        self.finished = finished

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Hand the epoch's logs on, its number from 1 among them."""
        self.finished({"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}})


@contextmanager
def quick_collection() -> Iterator[None]:
    """Let garbage be collected among what is made from now on alone.

    Keras and Keras Tuner collect twice for each candidate, and would look through all of TensorFlow each time.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def train_candidate(
    candidates: Candidates,
    settings: Settings,
    *,
    epochs: int,
    seed: int,
    finished: Callable[[Log], None] = lambda _: None,
) -> float:
    """Train one candidate from scratch and return the validation MAE of its best epoch."""
    keras.backend.clear_session()
    gc.collect()
    keras.utils.set_random_seed(seed)
    model = candidates.build(settings, epochs)
    history = candidates.fit(model, settings, seed=seed, finished=finished, epochs=epochs, verbose=0)
    return float(min(history.history[MONITOR]))


def measure_pace(candidates: Candidates) -> Pace:
    """Train the untuned candidate for two epochs and return how long it took; the first one pays for the start."""
    times = [time.perf_counter()]
    train_candidate(candidates, {}, epochs=2, seed=0, finished=lambda _: times.append(time.perf_counter()))
    first, second = times[1] - times[0], times[2] - times[1]
    return Pace(start_seconds=max(0.0, first - second), epoch_seconds=second)
