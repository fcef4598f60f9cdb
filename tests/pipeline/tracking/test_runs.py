"""W&B runs: their options, offline where the server does not respond, failed if the stage fails."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.tracking.names import part_of_a_protocol
from agelens.pipeline.tracking.runs import tracked_run
from tests.pipeline.tracking.fake_wandb import AuthenticationError, CommError, FakeWandb, UsageError

Project = dict[str, Any]


@pytest.fixture
def key(wandb: FakeWandb, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a key, so that runs are online."""
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)


def run_stages(project: Project, *jobs: str) -> None:
    for job in jobs:
        with tracked_run(job, **project):
            pass


@pytest.mark.usefixtures("key")
def test_an_execution_waits_once_for_a_server_that_does_not_respond(wandb, project, capsys):
    wandb.failures = [CommError("Timed out [after a while]\nConsider increasing the init_timeout")]
    run_stages(project, "tune", "train", "evaluate")
    assert wandb.tried == ["online", "offline", "offline", "offline"]
    assert [run.options["job_type"] for run in wandb.runs] == ["tune", "train", "evaluate"]
    output = " ".join(capsys.readouterr().err.split())
    assert output.count("kept offline") == 1
    assert "Timed out [after a while]" in output
    assert "Consider" not in output


@pytest.mark.usefixtures("key")
def test_the_next_execution_tries_the_server_again(wandb, project, monkeypatch):
    wandb.failures = [CommError("Timed out")]
    run_stages(project, "train")
    monkeypatch.setenv("AGELENS_EXECUTION", "1 1000.0")
    run_stages(project, "train")
    assert wandb.tried == ["online", "offline", "online"]


@pytest.mark.usefixtures("key")
def test_a_second_failure_is_raised(wandb, project):
    wandb.failures = [CommError("offline too"), CommError("online")]
    with pytest.raises(CommError, match="offline too"):
        run_stages(project, "train")


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("error", [AuthenticationError("the key is too short\nsee"), UsageError("no key")])
def test_a_key_that_wandb_refuses_is_an_error_in_one_line(error, wandb, project):
    wandb.failures = [error]
    with pytest.raises(ParamsError, match=r"refuses to start a run \((the key is too short|no key)\)") as raised:
        run_stages(project, "train")
    assert "\n" not in str(raised.value)
    assert wandb.runs == []


@pytest.mark.usefixtures("key")
def test_a_server_that_does_not_take_a_run_in_time_is_not_waited_for_again(wandb, project, capsys):
    with tracked_run("train", **project):
        wandb.run.slow = True
    run_stages(project, "evaluate")
    assert wandb.tried == ["online", "offline"]
    assert "wandb sync --include-online" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("setting", "variable", "seconds"),
    [
        ("init_timeout", None, 15),
        ("init_timeout", "WANDB_INIT_TIMEOUT", None),
        ("finish_timeout", None, 300),
        ("finish_timeout", "WANDB_FINISH_TIMEOUT", None),
    ],
)
def test_the_environment_can_change_timeouts(setting, variable, seconds, wandb, project, monkeypatch):
    if variable is not None:
        monkeypatch.setenv(variable, "60")  # which W&B reads itself
    run_stages(project, "train")
    assert getattr(wandb.options["settings"], setting, None) == seconds


def test_machine_and_output_are_recorded(wandb: FakeWandb, project: Project) -> None:
    run_stages(project, "train")
    assert not hasattr(wandb.options["settings"], "console")
    assert not hasattr(wandb.options["settings"], "x_disable_stats")


def test_stages_of_one_execution_are_a_group(wandb: FakeWandb, project: Project, monkeypatch: Any) -> None:
    run_stages(project, "tune", "train")
    monkeypatch.setenv("AGELENS_EXECUTION", "1 1000.0")
    run_stages(project, "train")
    first, second, other = (run.options["group"] for run in wandb.runs)
    assert first == second != other


def test_a_run_has_the_name_of_its_stage_its_backbone_and_its_execution(wandb, project, monkeypatch):
    run_stages(project, "train")
    name, label = wandb.options["name"], wandb.options["group"]
    assert name == f"train-efficientnet_lite0-{label}"
    assert wandb.options["id"].startswith(f"{name}-")
    assert wandb.options["tags"] == ["efficientnet_lite0", "synthetic"]
    with part_of_a_protocol("fold 2 of 5"):
        run_stages(project, "train")
    assert wandb.options["name"] == "train-efficientnet_lite0-fold 2 of 5"
    assert " " not in wandb.options["id"]
    run_stages(project, "crop_faces")
    assert wandb.options["name"] == f"crop_faces-synthetic-{label}"


def test_an_experiment_of_dvc_is_the_group_and_in_the_name(wandb, project, monkeypatch):
    monkeypatch.setenv("DVC_EXP_NAME", "dozen-lulu")
    run_stages(project, "train")
    assert (wandb.options["name"], wandb.options["group"]) == ("train-efficientnet_lite0-dozen-lulu", "dozen-lulu")


def test_the_group_in_the_environment_is_used(wandb, project, monkeypatch):
    monkeypatch.setenv("WANDB_RUN_GROUP", "my search")
    run_stages(project, "tune")
    assert wandb.options["group"] == "my search"


@pytest.mark.parametrize("mode", ["online", "offline"])
@pytest.mark.usefixtures("key")
def test_wandb_mode_is_respected(mode, wandb, project, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", mode)
    run_stages(project, "train")
    assert wandb.options["mode"] == mode


def test_a_disabled_run_does_nothing(wandb, project, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    with tracked_run("train", **project) as run:
        run.log_epoch({"epoch": 1, "val_age_mae": 6.5})
        run.log_image("plot", Path("missing.png"))
        run.summarise({"val_age_mae": 6.5})
    assert (run.active, run.id, wandb.tried) == (False, None, [])
    assert not project["paths"].root.exists()


def test_a_run_has_its_stage_its_config_and_its_axis(wandb: FakeWandb, project: Project) -> None:
    with tracked_run("train", **project, config={"recipe": {"units": 64}}) as run:
        run.log_epoch({"epoch": 1, "val_age_mae": 6.5})
        run.summarise({"val_age_mae": 6.5})
    assert (wandb.options["project"], wandb.options["job_type"], wandb.options["mode"]) == (
        "agelens",
        "train",
        "offline",
    )
    assert wandb.options["config"]["recipe"] == {"units": 64}
    assert wandb.options["config"]["train"]["phase1"]["epochs"] == project["params"].train.phase1.epochs
    assert wandb.run.metrics == [("epoch", None), ("*", "epoch")]
    assert wandb.run.logged == [({"epoch": 1, "val_age_mae": 6.5}, 1)]
    assert wandb.run.summary == {"val_age_mae": 6.5}
    assert wandb.run.exit_codes == [0]


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("diverged"), 1), (KeyboardInterrupt(), 130), (SystemExit(75), 75)]
)
def test_a_failed_block_is_a_failed_run_and_its_error_is_raised(error, status, wandb, project):
    with pytest.raises(type(error)) as raised, tracked_run("train", **project):
        raise error
    assert raised.value is error
    assert wandb.run.exit_codes == [status]


def test_sigterm_ends_a_block_like_an_error(wandb: FakeWandb, project: Project) -> None:
    with pytest.raises(SystemExit) as raised, tracked_run("train", **project):
        signal.raise_signal(signal.SIGTERM)
    assert raised.value.code == 143
    assert wandb.run.exit_codes == [143]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_stopped_job_resumes_its_run_and_its_group(wandb: FakeWandb, project: Project, monkeypatch: Any) -> None:
    def stopped(rows: str) -> None:
        with pytest.raises(KeyboardInterrupt), tracked_run("train", **project, resumed_by={"rows": rows}):
            raise KeyboardInterrupt

    stopped("a")
    monkeypatch.setenv("AGELENS_EXECUTION", "1 1000.0")  # another `dvc repro`
    with tracked_run("train", **project, resumed_by={"rows": "a"}):
        pass
    run_stages(project, "evaluate")
    first, second, evaluation = (run.options for run in wandb.runs)
    assert (first["id"], first["name"], first["resume"]) == (second["id"], second["name"], "allow")
    assert first["group"] == second["group"] == evaluation["group"]
    with tracked_run("train", **project, resumed_by={"rows": "a"}):
        pass
    assert wandb.options["id"] != first["id"]  # the first had ended


def test_another_job_does_not_resume_a_run(wandb: FakeWandb, project: Project) -> None:
    for rows in ("a", "b"):
        with pytest.raises(KeyboardInterrupt), tracked_run("train", **project, resumed_by=rows):
            raise KeyboardInterrupt
    with part_of_a_protocol("fold 1 of 3"), tracked_run("train", **project, resumed_by="b"):
        pass
    assert len({run.options["id"] for run in wandb.runs}) == 3


def test_folders_in_the_environment_are_used(wandb, project, monkeypatch):
    monkeypatch.setenv("WANDB_CACHE_DIR", "/elsewhere")
    run_stages(project, "train")
    assert os.environ["WANDB_CACHE_DIR"] == "/elsewhere"
    assert os.environ["WANDB_DATA_DIR"] == str(project["paths"].root / "wandb/data")


def test_a_folder_that_cannot_be_made_is_an_error_in_one_line(wandb: FakeWandb, project: Project) -> None:
    project["paths"].root.mkdir()
    project["paths"].wandb.symlink_to("missing")
    with pytest.raises(ParamsError, match="cannot be made"):
        run_stages(project, "train")
