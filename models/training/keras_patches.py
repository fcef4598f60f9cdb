"""Corrects training over several hosts in Keras, which fails at the first step (Keras issue 20585, open in 3.15).

Two functions of Keras's trainer for TensorFlow are wrong for `MultiWorkerMirroredStrategy`: one averages a whole batch
over hosts, only to learn its shapes, the other averages scalars along an axis that they lack. Each is replaced only if
it still has the faulty line, so that a Keras without the faults keeps its own.
"""

import inspect
from typing import Any

import keras

BATCH_FAULT = '"MEAN",\n                        maybe_distributed_data_batch'
"""In the source of `TensorFlowTrainer._maybe_symbolic_build`: the batch is averaged over hosts."""

SCALAR_FAULT = 'strategy.reduce("MEAN", v, axis=0)'
"""In the source of `reduce_per_replica`: scalars are averaged along axis 0."""


def correct_training_over_hosts() -> list[str]:
    """Replace the faulty functions of Keras in this process, and return the names of those that were replaced."""
    from keras.src.backend.tensorflow import trainer  # noqa: PLC0415  private, so it is imported where it is needed

    replaced = []
    if BATCH_FAULT in inspect.getsource(trainer.TensorFlowTrainer._maybe_symbolic_build):
        trainer.TensorFlowTrainer._maybe_symbolic_build = _build_from_local_batch
        replaced.append("_maybe_symbolic_build")
    if SCALAR_FAULT in inspect.getsource(trainer.reduce_per_replica):
        _average_scalars(trainer)
        replaced.append("reduce_per_replica")
    return replaced


def _build_from_local_batch(model: Any, iterator: Any = None, data_batch: Any = None) -> None:
    """Create the variables of losses and metrics from the shapes of this host's part of a batch."""
    if model._distribute_strategy is None:
        return
    strategy = model.distribute_strategy
    if iterator is not None:
        for _, _, batches in iterator:
            data_batch = keras.tree.map_structure(lambda v: strategy.experimental_local_results(v)[0], next(batches))
            break
    with strategy.scope():
        model._symbolic_build(data_batch=data_batch)


def _average_scalars(trainer: Any) -> None:
    """Make `reduce_per_replica` average the scalars of all hosts; other reductions stay Keras's own."""
    original = trainer.reduce_per_replica

    def reduce_per_replica(values: Any, strategy: Any, reduction: str) -> Any:
        if reduction in {"auto", "mean"} and trainer._collective_all_reduce_multi_worker(strategy):
            return keras.tree.map_structure(lambda v: strategy.reduce("MEAN", v, axis=None), values)
        return original(values, strategy, reduction)

    trainer.reduce_per_replica = reduce_per_replica
