"""W&B: offline unless asked for, nothing outside the project, and a failed stage is a failed run."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pipeline.paths import Paths
from pipeline.tracking import tracked_run, wandb_mode

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = ("WANDB_MODE", "WANDB_API_KEY", "WANDB_PROJECT", "WANDB_DIR")
FOLDERS = ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR")

LOGIN = "machine api.wandb.ai login user password {key}\n"


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """Return the empty home folder of somebody who has never used W&B."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (*SETTINGS, *FOLDERS):
        # Set first, so that what the code under test sets is taken back as well.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return home


class FakeRun:
    """Writes down what happens to a run."""

    def __init__(self) -> None:
        self.logged: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.metrics: list[tuple[str, str | None]] = []
        self.exit_codes: list[int] = []

    def define_metric(self, name: str, *, step_metric: str | None = None) -> None:
        self.metrics.append((name, step_metric))

    def log(self, values: dict[str, Any]) -> None:
        self.logged.append(values)

    def finish(self, *, exit_code: int = 0) -> None:
        self.exit_codes.append(exit_code)


@pytest.fixture
def wandb(stranger, monkeypatch):
    """Return a W&B that starts fake runs and remembers how it was asked to."""
    module: Any = ModuleType("wandb")
    module.run, module.asked = FakeRun(), {}
    module.Settings = SimpleNamespace

    def init(**options: Any) -> FakeRun:
        module.asked.update(options)
        started: FakeRun = module.run
        return started

    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def test_runs_are_offline_for_strangers(stranger):
    assert wandb_mode() == "offline"


def test_runs_are_online_with_a_key(stranger, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    assert wandb_mode() == "online"


@pytest.mark.parametrize(
    ("netrc", "mode"),
    [
        (LOGIN.format(key="k" * 40), "online"),
        (LOGIN.format(key="k" * 40).replace("api.wandb.ai", "localhost"), "offline"),
        ("machine api.wandb.ai what is this", "offline"),
    ],
)
def test_runs_are_online_for_those_who_are_logged_in(netrc, mode, stranger):
    (stranger / ".netrc").write_text(netrc)
    (stranger / ".netrc").chmod(0o600)
    assert wandb_mode() == mode


@pytest.mark.parametrize("mode", ["online", "offline", "disabled"])
def test_wandb_mode_is_respected(mode, wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", mode)
    with tracked_run("train", paths=Paths(tmp_path), config={}):
        pass
    assert wandb.asked["mode"] == mode


def test_run_knows_its_stage_its_settings_and_its_axis(wandb, tmp_path):
    with tracked_run("train", paths=Paths(tmp_path), config={"seed": 7}) as run:
        run.log_epoch({"epoch": 1, "val_age_mae": 6.5})
        run.summarise({"val_age_mae": 6.5})
    assert {name: wandb.asked[name] for name in ("project", "job_type", "config", "mode")} == {
        "project": "agelens",
        "job_type": "train",
        "config": {"seed": 7},
        "mode": "offline",
    }
    assert wandb.run.metrics == [("epoch", None), ("*", "epoch")]
    assert wandb.run.logged == [{"epoch": 1, "val_age_mae": 6.5}]
    assert wandb.run.summary == {"val_age_mae": 6.5}
    assert wandb.run.exit_codes == [0]


@pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
def test_failed_block_is_a_failed_run_and_goes_on_failing(error, wandb, tmp_path):
    with pytest.raises(type(error)) as raised, tracked_run("train", paths=Paths(tmp_path), config={}):
        raise error
    assert raised.value is error
    assert wandb.run.exit_codes == [1]


def test_folders_that_the_user_chose_are_kept(wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_CACHE_DIR", "/elsewhere")
    with tracked_run("train", paths=Paths(tmp_path), config={}):
        pass
    assert os.environ["WANDB_CACHE_DIR"] == "/elsewhere"
    assert os.environ["WANDB_DATA_DIR"] == str(tmp_path / "wandb/data")


WHOLE_RUN = """
from pathlib import Path
import numpy as np
import pandas as pd
from data_prep.images import write_jpeg
from pipeline.paths import Paths
from pipeline.tracking import tracked_run

write_jpeg(Path("grey.jpg"), np.full((8, 8, 3), 128, np.uint8))
with tracked_run("train", paths=Paths(), config={"seed": 7}) as run:
    run.log_epoch({"epoch": 1, "val_age_mae": 6.5})
    run.log_picture("grey", Path("grey.jpg"))
    run.log_table("trials", pd.DataFrame({"units": [1, 2]}))
    run.summarise({"val_age_mae": 6.5})
"""


def test_whole_run_stays_inside_the_project(stranger, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", WHOLE_RUN], check=True, capture_output=True, cwd=project, env=environment)
    assert list(stranger.rglob("*")) == []
    assert {path.name for path in project.iterdir()} == {"grey.jpg", "wandb"}
    (run,) = (project / "wandb").glob("offline-run-*")
    assert list(run.glob("*.wandb"))
