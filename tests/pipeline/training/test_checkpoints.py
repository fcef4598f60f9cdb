"""Each phase has a checkpoint of its own, and one of another training is ignored."""

import numpy as np

from agelens.models.training.checkpoint import PhaseState
from agelens.pipeline.training.checkpoints import Checkpoints


def state_of(value):
    weights = [np.full(2, value, np.float32)]
    return PhaseState(records=[], model=weights, optimizer=weights, average=[], best=weights)


def test_phases_are_read_back_until_the_checkpoints_are_removed(tmp_path):
    checkpoints = Checkpoints(tmp_path, "this training")
    checkpoints.write(1, state_of(1.0))
    checkpoints.write(2, state_of(2.0))
    assert [float(checkpoints.read(phase).best[0][0]) for phase in (1, 2)] == [1.0, 2.0]
    assert Checkpoints(tmp_path, "another training").read(1) is None
    checkpoints.remove()
    assert [checkpoints.read(phase) for phase in (1, 2)] == [None, None]
    assert list(tmp_path.iterdir()) == []
