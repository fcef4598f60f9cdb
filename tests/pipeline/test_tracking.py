"""W&B: offline unless asked for, nothing outside the project, and a failed stage is a failed run."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking import tracked_run, wandb_mode
from tests.locations import ROOT

SETTINGS = (
    "WANDB_MODE",
    "WANDB_API_KEY",
    "WANDB_PROJECT",
    "WANDB_DIR",
    "WANDB_BASE_URL",
    "WANDB_RUN_GROUP",
    "WANDB_INIT_TIMEOUT",
    "NETRC",
)
FOLDERS = ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR")

OWN_SERVER = "https://api.forge.coreweave.com"
"""W&B 0.31's default; older versions have https://api.wandb.ai."""


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


class CommError(Exception):
    """What W&B raises where its server does not answer."""


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
    """Return a W&B that starts fake runs and remembers how it was asked to; it may fail with `failures` first."""
    module: Any = ModuleType("wandb")
    module.run, module.asked, module.failures = FakeRun(), {}, []
    module.Settings = lambda **settings: SimpleNamespace(**({"base_url": OWN_SERVER} | settings))
    module.errors = SimpleNamespace(CommError=CommError)

    def init(**options: Any) -> FakeRun:
        module.asked.update(options)
        if module.failures:
            raise module.failures.pop()
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


def keep_key(file: Path, host: str) -> None:
    file.write_text(f"machine {host} login user password {'k' * 40}\n")


@pytest.mark.parametrize(
    ("host", "mode"),
    [("api.wandb.ai", "online"), ("api.forge.coreweave.com", "online"), ("localhost", "offline")],
)
@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_runs_are_online_for_those_who_are_logged_in(name, host, mode, stranger, wandb):
    keep_key(stranger / name, host)
    assert wandb_mode() == mode


@pytest.mark.parametrize("text", ["machine api.wandb.ai what is this", "machine api.wandb.ai login user\n"])
def test_file_without_a_key_is_no_login(text, stranger, wandb):
    (stranger / ".netrc").write_text(text)
    assert wandb_mode() == "offline"


def test_keys_are_looked_for_in_the_file_that_netrc_names(stranger, wandb, monkeypatch):
    keep_key(stranger / "keys", "api.wandb.ai")
    assert wandb_mode() == "offline"
    monkeypatch.setenv("NETRC", "~/keys")
    assert wandb_mode() == "online"


@pytest.mark.parametrize(("host", "mode"), [("wandb.company:8080", "online"), ("api.wandb.ai", "offline")])
@pytest.mark.parametrize("told_by", ["environment", "login"])
def test_key_of_the_server_in_use_counts_and_no_other(told_by, host, mode, stranger, monkeypatch):
    keep_key(stranger / ".netrc", host)
    if told_by == "environment":
        monkeypatch.setenv("WANDB_BASE_URL", "http://wandb.company:8080")
    else:
        (stranger / ".config/wandb").mkdir(parents=True)
        (stranger / ".config/wandb/settings").write_text("[default]\nbase_url = http://wandb.company:8080\n")
    assert wandb_mode() == mode


def test_login_of_the_installed_wandb_is_found(stranger):
    import wandb  # noqa: PLC0415
    from wandb.sdk.lib.wbauth.wbnetrc import write_netrc_auth  # noqa: PLC0415  what `wandb login` calls

    write_netrc_auth(host=wandb.Settings().base_url, api_key="k" * 40)
    assert wandb_mode() == "online"


def test_run_is_kept_offline_where_the_server_does_not_answer(wandb, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    wandb.failures = [CommError("Timed out [after a while]\nConsider increasing the init_timeout")]
    with tracked_run("train", paths=Paths(tmp_path), config={"seed": 7}) as run:
        run.summarise({"val_age_mae": 6.5})
    assert (wandb.asked["mode"], wandb.asked["config"]) == ("offline", {"seed": 7})
    assert wandb.run.summary == {"val_age_mae": 6.5}
    told = " ".join(capsys.readouterr().err.split())
    assert "kept offline" in told
    assert "Timed out [after a while]" in told
    assert "Consider" not in told


def test_second_failure_is_not_hidden(wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    wandb.failures = [CommError("offline too"), CommError("online")]
    with pytest.raises(CommError, match="offline too"), tracked_run("train", paths=Paths(tmp_path), config={}):
        pass


@pytest.mark.parametrize(("said", "seconds"), [(None, 15), ("60", None)])
def test_stage_waits_for_the_server_as_long_as_is_said(said, seconds, wandb, tmp_path, monkeypatch):
    if said is not None:
        monkeypatch.setenv("WANDB_INIT_TIMEOUT", said)  # which W&B reads itself
    with tracked_run("train", paths=Paths(tmp_path), config={}):
        pass
    assert getattr(wandb.asked["settings"], "init_timeout", None) == seconds


def group_of(wandb: Any, job: str, root: Path) -> str:
    with tracked_run(job, paths=Paths(root), config={"job": job}):
        pass
    group: str = wandb.asked["group"]
    return group


def test_runs_of_one_training_are_a_group(wandb, tmp_path):
    (tmp_path / "params.yaml").write_text("seed: 7\n")
    first = group_of(wandb, "tune", tmp_path)
    assert len(first) == 8
    assert group_of(wandb, "train", tmp_path) == first
    (tmp_path / "params.yaml").write_text("seed: 8\n")
    assert group_of(wandb, "train", tmp_path) != first


def test_a_run_may_have_a_name_and_a_group_of_its_own(wandb, tmp_path):
    with tracked_run("trial", paths=Paths(tmp_path), config={}, name="trial 0001", group="search-a"):
        pass
    assert (wandb.asked["name"], wandb.asked["group"]) == ("trial 0001", "search-a")


def test_another_commit_is_another_training(wandb, tmp_path):
    def commit() -> None:
        words = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *words, "commit", "-q", "--allow-empty", "-m", "code"], cwd=tmp_path, check=True)

    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    commit()
    first = group_of(wandb, "tune", tmp_path)
    commit()
    assert group_of(wandb, "tune", tmp_path) != first


def test_group_that_the_user_named_is_kept(wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_RUN_GROUP", "my search")
    assert group_of(wandb, "tune", tmp_path) == "my search"


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
from agelens.data_prep.core.images import write_jpeg
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking import tracked_run

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


def test_an_empty_mode_counts_as_unset(stranger, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "")
    assert wandb_mode() == "offline"
    assert "WANDB_MODE" not in os.environ  # W&B itself refuses an empty one
