"""W&B runs: offline without credentials, all files inside the project, and failed if the stage fails."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from agelens.pipeline import tracking
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking import tracked_run


class CommError(Exception):
    """The error of W&B if its server does not respond."""


class FakeRun:
    """Records the calls of a run."""

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
def wandb(home, monkeypatch):
    """Return a fake W&B that records the arguments of `init`, and first raises its `failures`."""
    module: Any = ModuleType("wandb")
    module.run, module.arguments, module.failures = FakeRun(), {}, []
    module.Settings = SimpleNamespace
    module.errors = SimpleNamespace(CommError=CommError)

    def init(**options: Any) -> FakeRun:
        module.arguments.update(options)
        if module.failures:
            raise module.failures.pop()
        started: FakeRun = module.run
        return started

    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.setattr(tracking, "_has_credentials", lambda: False)
    return module


def test_a_run_is_kept_offline_if_the_server_does_not_respond(wandb, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    wandb.failures = [CommError("Timed out [after a while]\nConsider increasing the init_timeout")]
    with tracked_run("train", paths=Paths(tmp_path), config={"seed": 7}) as run:
        run.summarise({"val_age_mae": 6.5})
    assert (wandb.arguments["mode"], wandb.arguments["config"]) == ("offline", {"seed": 7})
    assert wandb.run.summary == {"val_age_mae": 6.5}
    output = " ".join(capsys.readouterr().err.split())
    assert "kept offline" in output
    assert "Timed out [after a while]" in output
    assert "Consider" not in output


def test_a_second_failure_is_raised(wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    wandb.failures = [CommError("offline too"), CommError("online")]
    with pytest.raises(CommError, match="offline too"), tracked_run("train", paths=Paths(tmp_path), config={}):
        pass


@pytest.mark.parametrize(("variable", "seconds"), [(None, 15), ("60", None)])
def test_the_environment_can_change_the_timeout(variable, seconds, wandb, tmp_path, monkeypatch):
    if variable is not None:
        monkeypatch.setenv("WANDB_INIT_TIMEOUT", variable)  # which W&B reads itself
    with tracked_run("train", paths=Paths(tmp_path), config={}):
        pass
    assert getattr(wandb.arguments["settings"], "init_timeout", None) == seconds


def group_of(wandb: Any, job: str, root: Path) -> str:
    with tracked_run(job, paths=Paths(root), config={"job": job}):
        pass
    group: str = wandb.arguments["group"]
    return group


def test_runs_of_a_training_are_a_group(wandb, tmp_path):
    (tmp_path / "params.yaml").write_text("seed: 7\n")
    first = group_of(wandb, "tune", tmp_path)
    assert len(first) == 8
    assert group_of(wandb, "train", tmp_path) == first
    (tmp_path / "params.yaml").write_text("seed: 8\n")
    assert group_of(wandb, "train", tmp_path) != first


def test_a_run_can_have_its_own_name_and_group(wandb, tmp_path):
    with tracked_run("trial", paths=Paths(tmp_path), config={}, name="trial 0001", group="search-a"):
        pass
    assert (wandb.arguments["name"], wandb.arguments["group"]) == ("trial 0001", "search-a")


def test_another_commit_is_another_group(wandb, tmp_path):
    def commit() -> None:
        words = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *words, "commit", "-q", "--allow-empty", "-m", "code"], cwd=tmp_path, check=True)

    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    commit()
    first = group_of(wandb, "tune", tmp_path)
    commit()
    assert group_of(wandb, "tune", tmp_path) != first


def test_the_group_in_the_environment_is_used(wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_RUN_GROUP", "my search")
    assert group_of(wandb, "tune", tmp_path) == "my search"


@pytest.mark.parametrize("mode", ["online", "offline", "disabled"])
def test_wandb_mode_is_respected(mode, wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", mode)
    with tracked_run("train", paths=Paths(tmp_path), config={}):
        pass
    assert wandb.arguments["mode"] == mode


def test_a_run_has_its_stage_its_config_and_its_axis(wandb, tmp_path):
    with tracked_run("train", paths=Paths(tmp_path), config={"seed": 7}) as run:
        run.log_epoch({"epoch": 1, "val_age_mae": 6.5})
        run.summarise({"val_age_mae": 6.5})
    assert {name: wandb.arguments[name] for name in ("project", "job_type", "config", "mode")} == {
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
def test_a_failed_block_is_a_failed_run_and_its_error_is_raised(error, wandb, tmp_path):
    with pytest.raises(type(error)) as raised, tracked_run("train", paths=Paths(tmp_path), config={}):
        raise error
    assert raised.value is error
    assert wandb.run.exit_codes == [1]


def test_folders_in_the_environment_are_used(wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_CACHE_DIR", "/elsewhere")
    with tracked_run("train", paths=Paths(tmp_path), config={}):
        pass
    assert os.environ["WANDB_CACHE_DIR"] == "/elsewhere"
    assert os.environ["WANDB_DATA_DIR"] == str(tmp_path / "wandb/data")


WHOLE_RUN = """
from pathlib import Path
import numpy as np
import pandas as pd
from agelens.data_prep.core.images import write_jpeg
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking import tracked_run

write_jpeg(Path("grey.jpg"), np.full((8, 8, 3), 128, np.uint8))
with tracked_run("train", paths=Paths(), config={"seed": 7}) as run:
    run.log_epoch({"epoch": 1, "val_age_mae": 6.5})
    run.log_image("grey", Path("grey.jpg"))
    run.log_table("trials", pd.DataFrame({"units": [1, 2]}))
    run.summarise({"val_age_mae": 6.5})
"""


def test_a_run_writes_only_inside_the_project(home, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    subprocess.run([sys.executable, "-c", WHOLE_RUN], check=True, capture_output=True, cwd=project)
    assert list(home.rglob("*")) == []
    assert {path.name for path in project.iterdir()} == {"grey.jpg", "wandb"}
    (run,) = (project / "wandb").glob("offline-run-*")
    assert list(run.glob("*.wandb"))
