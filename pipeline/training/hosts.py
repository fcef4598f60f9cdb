"""The devices of stage `train`, and what only one of several hosts does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agelens.models.training.distribution import Distribution, start_distribution
from agelens.models.training.host_role import read_host_role
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say, warn
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.runs import tracked_run


def open_distribution(params: Params) -> Distribution:
    """Return the devices that `train.strategy` names, before TensorFlow has computed anything.

    Raises:
        ParamsError: The strategy does not fit `TF_CONFIG`, or the devices cannot share a batch equally.
    """
    strategy = params.train.strategy
    distribution = start_distribution(strategy, role=read_host_role(os.environ))
    for phase in ("phase1", "phase2"):
        distribution.check_batch_size(getattr(params.train, phase).batch_size, setting=f"train.{phase}.batch_size")
    if strategy != "none":
        role = distribution.role
        say(f"train.strategy {strategy}: {distribution.replicas} devices, host {role.index + 1} of {role.hosts}")
        warn("one device gains nothing from train.strategy" if distribution.replicas == 1 else None)
    return distribution


@contextmanager
def run_of_chief(
    distribution: Distribution, job: str, *, params: Params, paths: Paths, **options: Any
) -> Iterator[Run]:
    """Start the W&B run of a job as `tracked_run` does, on the first host only; the others log nothing."""
    if distribution.role.is_chief:
        with tracked_run(job, params=params, paths=paths, **options) as run:
            yield run
    else:
        yield Run(None)
