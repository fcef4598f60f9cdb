"""Devices that share a batch: strategies that do not fit are refused, and a Keras without the faults is left as it is.

`tests/pipeline/training/test_distributed_train.py` trains with them.
"""

import inspect
from types import SimpleNamespace

import pytest
from keras.src.backend.tensorflow import trainer

from agelens.data_prep.core.errors import ParamsError
from agelens.models.training import keras_patches
from agelens.models.training.distribution import Distribution, start_distribution
from agelens.models.training.host_role import HostRole


@pytest.fixture
def keras_trainer(monkeypatch):
    """Return Keras's trainer, whose functions are restored after the test."""
    monkeypatch.setattr(trainer, "reduce_per_replica", trainer.reduce_per_replica)
    build = trainer.TensorFlowTrainer._maybe_symbolic_build
    monkeypatch.setattr(trainer.TensorFlowTrainer, "_maybe_symbolic_build", build)
    return trainer


def test_both_faults_of_this_keras_are_replaced_once(keras_trainer):
    assert keras_patches.correct_training_over_hosts() == ["_maybe_symbolic_build", "reduce_per_replica"]
    assert keras_patches.correct_training_over_hosts() == []
    assert keras_trainer.TensorFlowTrainer._maybe_symbolic_build is keras_patches._build_from_local_batch


def test_a_keras_without_the_faults_keeps_its_functions(keras_trainer, monkeypatch):
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda function: source(function).replace('"MEAN"', '"SUM"'))
    before = keras_trainer.reduce_per_replica
    assert keras_patches.correct_training_over_hosts() == []
    assert keras_trainer.reduce_per_replica is before


def test_a_training_on_one_device_gets_its_dataset_and_batches_unchanged():
    alone, dataset = start_distribution("none", role=HostRole()), object()
    assert (alone.replicas, alone.role.is_chief) == (1, True)
    assert alone.split(dataset) is dataset
    alone.check_batch_size(7, setting="train.phase1.batch_size")
    alone.check_equal("anything", what="It")


def test_batches_have_equal_parts():
    three = Distribution(SimpleNamespace(num_replicas_in_sync=3))
    three.check_batch_size(6, setting="train.phase1.batch_size")
    message = r"train\.phase1\.batch_size must be a multiple of the 3 devices.*Received: 64"
    with pytest.raises(ParamsError, match=message):
        three.check_batch_size(64, setting="train.phase1.batch_size")


@pytest.mark.parametrize(
    ("name", "hosts", "received"),
    [("multi_worker", 1, "multi_worker with 1 worker"), ("none", 2, "none with 2"), ("mirrored", 2, "mirrored with 2")],
)
def test_a_strategy_that_does_not_fit_the_hosts_is_refused(name, hosts, received):
    with pytest.raises(ParamsError, match=rf"train\.strategy multi_worker needs TF_CONFIG.*Received: {received}"):
        start_distribution(name, role=HostRole(0, hosts))
