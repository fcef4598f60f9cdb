"""The role of a process in a training over several hosts, as TensorFlow reads it from `TF_CONFIG`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agelens.data_prep.core.errors import ParamsError

StrategyName = Literal["none", "mirrored", "multi_worker"]
"""Which devices train together; see `agelens.models.training.distribution.start_distribution`."""

VARIABLE = "TF_CONFIG"

EXAMPLE = '{"cluster": {"worker": ["10.0.0.1:12345", "10.0.0.2:12345"]}, "task": {"type": "worker", "index": 0}}'
"""`TF_CONFIG` of the first of two hosts."""


@dataclass(frozen=True)
class HostRole:
    """The role of a process.

    Args:
        index: Number of the process, from 0. Process 0, the chief, writes all files.
        hosts: Number of processes; 1 without `TF_CONFIG`.
    """

    index: int = 0
    hosts: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the results."""
        return self.index == 0


def read_host_role(environment: Mapping[str, str]) -> HostRole:
    """Return the role that the environment describes.

    Raises:
        ParamsError: `TF_CONFIG` does not describe one of several workers.
    """
    text = environment.get(VARIABLE, "")
    if not text:
        return HostRole()
    try:
        content = json.loads(text)
        workers, task = content["cluster"]["worker"], content["task"]
        index = int(task["index"])
        usable = set(content["cluster"]) == {"worker"} and task["type"] == "worker" and 0 <= index < len(workers)
    except (AttributeError, KeyError, TypeError, ValueError):
        usable = False
    if not usable:
        msg = f"{VARIABLE} must name all workers and which of them this process is, as {EXAMPLE}. Received: {text:.200}"
        raise ParamsError(msg)
    return HostRole(index, len(workers))
