"""Training on several devices that compute one batch together: GPUs of a host, or hosts.

Each device computes an equal part of every batch, and the gradients are averaged, so that a training differs from one
on a single device only by rounding and by the random numbers of dropout.
"""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from agelens.data_prep.core.errors import ParamsError
from agelens.models.training.host_role import EXAMPLE, VARIABLE, HostRole, StrategyName
from agelens.models.training.keras_patches import correct_training_over_hosts

LOST_HOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
"""What TensorFlow raises on a host when another one has stopped."""


@dataclass(frozen=True)
class Distribution:
    """The devices of a training.

    Args:
        strategy: A `tf.distribute.Strategy`, or None for one device.
        role: Of this process among the hosts.
    """

    strategy: Any = None
    role: HostRole = field(default_factory=HostRole)

    @property
    def replicas(self) -> int:
        """Number of devices that share a batch."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Create variables on all devices; models, optimizers and metrics must be made and trained in this block.

        Raises:
            ParamsError: Another host has stopped.
        """
        if self.strategy is None:
            yield
            return
        try:
            with self.strategy.scope():
                yield
        except LOST_HOST as error:
            msg = (
                "Training over several hosts needs all of them until its end, and one has stopped or is out of reach. "
                "Start the command again on all hosts; it resumes after the last epoch."
            )
            raise ParamsError(msg) from error

    def split(self, dataset: Any) -> Any:
        """Return a dataset of batches, of which each device takes an equal part."""
        if self.strategy is None:
            return dataset
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
        return dataset.with_options(options)

    def check_batch_size(self, size: int, *, setting: str) -> None:
        """Raise `ParamsError` unless a batch has equal parts; `setting` is the name of its size in params.yaml."""
        if size % self.replicas:
            msg = f"{setting} must be a multiple of the {self.replicas} devices that share a batch. Received: {size}"
            raise ParamsError(msg)

    def check_equal(self, state: str, *, what: str) -> None:
        """Raise `ParamsError` unless all hosts call this with the same text; they wait for each other.

        Args:
            state: What must be equal, in any length.
            what: Its name in the message.
        """
        if self.role.hosts == 1:
            return
        number = tf.constant([zlib.crc32(state.encode())], tf.int64)

        @tf.function  # type: ignore[untyped-decorator]  # which the collective needs
        def gather() -> Any:
            return tf.distribute.get_replica_context().all_gather(number, axis=0)

        found = self.strategy.experimental_local_results(self.strategy.run(gather))[0].numpy()
        different = len(set(found.tolist()))
        if different > 1:
            msg = (
                f"{what} must be the same on all {self.role.hosts} hosts. Received: {different} different ones. "
                "Use one shared project folder and one version of agelens, and start all hosts again."
            )
            raise ParamsError(msg)


def start_distribution(name: StrategyName, *, role: HostRole) -> Distribution:
    """Return the devices of a training; for several hosts, call it before TensorFlow has computed anything.

    Args:
        name: `none`, one device; `mirrored`, all GPUs of this host, or its logical CPUs without a GPU; `multi_worker`,
            all hosts of `TF_CONFIG`, each with all its GPUs.
        role: Of this process.

    Raises:
        ParamsError: `name` and `TF_CONFIG` do not fit each other.
    """
    if (name == "multi_worker") != (role.hosts > 1):
        msg = (
            f"train.strategy multi_worker needs {VARIABLE} with at least two workers, such as {EXAMPLE}; other "
            f"strategies need it unset. Received: {name} with {role.hosts} worker{'s' if role.hosts > 1 else ''}."
        )
        raise ParamsError(msg)
    if name == "none":
        return Distribution()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return Distribution(tf.distribute.MirroredStrategy([device.name for device in devices]))
    correct_training_over_hosts()
    return Distribution(tf.distribute.MultiWorkerMirroredStrategy(), role)


def is_distributed() -> bool:
    """Return whether variables are now created on several devices."""
    return bool(tf.distribute.has_strategy())


def weights_digest(model: Any) -> str:
    """Return the SHA-256 of a model's weights."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
