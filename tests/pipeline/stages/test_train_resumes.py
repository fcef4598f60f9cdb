"""A training that is killed in both phases resumes and ends like an uninterrupted one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import yaml

from agelens.data_prep.core.images import read_rgb
from agelens.data_prep.core.tables import SPLIT, TRAIN, write_table
from agelens.models.training.checkpoint import read_state
from agelens.pipeline.config.params import read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.stages import cache_features, train
from tests.factories import split_rows
from tests.locations import ROOT
from tests.models.small_networks import SIZE, write_ages

IMAGES = 500
EPOCHS = 30

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder in which `train` can run: 500 training crops, 60 validation crops, and their features.

    The trunk is cached, so that a kill may also interrupt that.
    """
    root = tmp_path_factory.mktemp("made")
    content = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
    content["crop_faces"]["size"] = SIZE
    content["model"] |= {"backbone": "tiny", "weights": "none"}
    content["train"]["use_tuned"] = False
    phase = {"epochs": EPOCHS, "patience": 0, "average": 0.9}
    content["train"]["phase1"] |= {**phase, "batch_size": 50, "schedule": "plateau", "plateau_patience": 2}
    content["train"]["phase2"] |= {**phase, "batch_size": 50, "views": 3, "unfreeze": "block2", "trunk": "cached"}
    (root / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    paths = Paths(root)
    rng = np.random.default_rng(5)
    for name, path, columns, count in (
        ("train", paths.train, TRAIN, IMAGES),
        ("val", paths.split_val, SPLIT, 60),
    ):
        ages = rng.integers(1, 90, count).astype(float).tolist()
        (paths.crops / name).mkdir(parents=True)
        crops = write_ages(paths.crops / name, ages)
        table = split_rows(count, ages=ages).assign(
            crop=[crop.relative_to(paths.crops).as_posix() for crop in crops],
            image_id=[f"{name}/{index}" for index in range(count)],
        )
        write_table(path, table.assign(copies=1, weight=1.0) if columns is TRAIN else table, columns)
    cache_features.run(read_params(root / "params.yaml"), paths)
    return root


@pytest.fixture
def paths(made_project: Path, tmp_path: Path) -> Paths:
    """Return a copy of the folder for one test."""
    shutil.copytree(made_project, tmp_path, dirs_exist_ok=True)
    return Paths(tmp_path)


def change_phases(root: Path, **changes: object) -> None:
    content = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    for phase in ("phase1", "phase2"):
        content["train"][phase] |= {name: value for name, value in changes.items() if name in content["train"][phase]}
    (root / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def start_training(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agelens", "run", "train"],
        cwd=root,
        env={**os.environ, "WANDB_MODE": "disabled"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish_training(root: Path) -> tuple[str, pd.DataFrame]:
    """Run `train` to its end; return its output and its history."""
    output, _ = (running := start_training(root)).communicate(timeout=300)
    assert running.returncode == 0, output
    return output, pd.read_csv(Paths(root).train_report / "history.csv")


def kill_in_phase(root: Path, phase: int) -> None:
    """Start `train` and kill it as soon as a phase has a checkpoint."""
    running = start_training(root)
    state = Paths(root).train_state / f"phase{phase}.npz"
    deadline = time.monotonic() + 200
    while not state.is_file() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    output, _ = running.communicate()
    assert running.returncode == -signal.SIGKILL, output
    assert state.is_file(), output


def test_a_training_killed_in_both_phases_ends_like_an_uninterrupted_one(paths: Paths) -> None:
    _, whole = finish_training(paths.root)
    assert [path for path in paths.train_state.rglob("*") if path.is_file()] == []
    for phase in (1, 2):
        kill_in_phase(paths.root, phase)
    output, resumed = finish_training(paths.root)
    assert f"phase 1 resumes after epoch {EPOCHS}" in " ".join(output.split())
    assert "phase 2 resumes after epoch" in " ".join(output.split())
    pd.testing.assert_frame_equal(resumed, whole, rtol=1e-3)


def test_other_settings_start_from_scratch(paths: Paths) -> None:
    kill_in_phase(paths.root, 1)
    assert read_state(paths.train_state / "phase1.npz", fingerprint="other") is None
    change_phases(paths.root, epochs=2)
    output, history = finish_training(paths.root)
    assert "resumes" not in output
    assert history["phase"].tolist() == [1, 1, 2, 2]


def test_a_cached_trunk_trains_like_a_live_one(paths: Paths) -> None:
    histories, networks = [], []
    for trunk in ("cached", "live"):
        change_phases(paths.root, epochs=4, trunk=trunk)
        train.run(read_params(paths.root / "params.yaml"), paths)
        histories.append(pd.read_csv(paths.train_report / "history.csv"))
        networks.append(keras.saving.load_model(paths.age_net, compile=False))
    cached, live = (history["val_age_mae"].to_numpy() for history in histories)
    np.testing.assert_allclose(cached, live, atol=0.1)
    crops = np.stack([read_rgb(path) for path in sorted((paths.crops / "val").glob("*.jpg"))])
    ages = [np.asarray(network(crops)["age"]) for network in networks]
    np.testing.assert_allclose(ages[0], ages[1], atol=0.5)
    assert list(paths.trunk.rglob("*.npy")) == []
