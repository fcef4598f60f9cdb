"""Devices and processes that train together end with the network of one that trains with the same batches."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from agelens.pipeline.config.params import Params
from agelens.pipeline.stages import cache_features, train
from tests.free_port import free_port
from tests.pipeline.small_project import SmallProject, make_small_project

PHASE = {"epochs": 3, "patience": 0, "batch_size": 4}

ON_TWO_DEVICES = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from agelens.pipeline.commands.main import main
main()
"""
"""The command `agelens` on a processor that is divided into two devices."""

pytestmark = pytest.mark.slow


def configure(project: SmallProject, strategy: str, *, rate: float = 0.01) -> Params:
    """Write settings without dropout, whose random numbers differ between devices."""
    sections = {
        "use_tuned": False,
        "strategy": strategy,
        "phase1": {**PHASE, "learning_rate": rate},
        "phase2": {**PHASE, "learning_rate": 0.001, "views": 3, "unfreeze": "block3", "average": 0.5},
    }
    return project.params(model={"dropout": 0.0, "units": 8}, train=sections)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """Return a project that one device has trained; not to be changed."""
    project = make_small_project(tmp_path_factory.mktemp("alone"))
    params = configure(project, "none")
    cache_features.run(params, project.paths)
    train.run(params, project.paths)
    return project


@pytest.fixture
def project(trained: SmallProject, tmp_path: Path) -> SmallProject:
    """Return a copy of the project without the results of its training."""
    shutil.copytree(trained.root, tmp_path / "copy")
    copy = SmallProject(tmp_path / "copy")
    copy.paths.age_net.unlink()
    shutil.rmtree(copy.paths.train_report)
    return copy


def train_together(*hosts: SmallProject) -> list[tuple[int, str]]:
    """Run `train` in two processes; return the exit status and the output of each."""
    workers = [f"127.0.0.1:{free_port()}" for _ in hosts]
    running = [
        project.command(
            "run",
            "train",
            TF_CONFIG=json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}),
        )
        for index, project in enumerate(hosts)
    ]
    outputs = [process.communicate(timeout=200)[0] for process in running]
    return [(process.returncode, " ".join(text.split())) for process, text in zip(running, outputs, strict=True)]


def check_same_result(found: SmallProject, expected: SmallProject) -> None:
    histories = [pd.read_csv(project.paths.train_report / "history.csv") for project in (found, expected)]
    pd.testing.assert_frame_equal(*histories, rtol=1e-3, atol=1e-3)
    ours, theirs = (keras.models.load_model(project.paths.age_net).get_weights() for project in (found, expected))
    for array, reference in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array, reference, rtol=1e-3, atol=1e-4)


def test_two_hosts_train_the_network_of_one(trained: SmallProject, project: SmallProject) -> None:
    configure(project, "multi_worker")
    (first, chief), (second, other) = train_together(project, project)
    assert (first, second) == (0, 0), f"{chief}\n\n{other}"
    assert "2 devices, host 1 of 2" in chief
    assert "host 1 writes the results" in other
    check_same_result(project, trained)


def test_hosts_with_other_settings_stop_before_the_first_step(project: SmallProject, tmp_path: Path) -> None:
    other = SmallProject(tmp_path / "other")
    shutil.copytree(project.root, other.root)
    configure(project, "multi_worker")
    configure(other, "multi_worker", rate=0.02)
    for status, output in train_together(project, other):
        assert status == 1, output
        assert "agelens: Rows, settings and code of the training must be the same on all 2 hosts" in output
        assert "epoch 1" not in output
    assert not project.paths.age_net.exists()


def test_two_devices_of_a_host_train_the_network_of_one(trained: SmallProject, project: SmallProject) -> None:
    configure(project, "mirrored")
    words = [sys.executable, "-c", ON_TWO_DEVICES, "run", "train"]
    done = subprocess.run(words, cwd=project.root, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "train.strategy mirrored: 2 devices" in " ".join(done.stderr.split())
    check_same_result(project, trained)
