"""A run that SIGTERM stops keeps its history, and the run of the resumed job has the same id and all epochs.

The files of W&B itself are read back.
"""

import os
import signal
import subprocess
import sys

import pytest
import yaml

from tests.pipeline.demo_settings import DEMO
from tests.pipeline.tracking.wandb_file import StoredRun, stored_runs

JOB = """
import sys, time
from pathlib import Path
from agelens.pipeline.config.params import read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.runs import tracked_run

first, last = int(sys.argv[1]), int(sys.argv[2])
with tracked_run("train", params=read_params(Path("params.yaml")), paths=Paths(), resumed_by="rows") as run:
    for epoch in range(first, last + 1):
        run.log_epoch({"epoch": epoch, "val_age_mae": 10.0 - epoch})
    print("logged", flush=True)
    if last < 4:
        time.sleep(60)
    run.summarise({"best/val_age_mae": 6.0})
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[StoredRun]:
    """Stop a job after two epochs, and run it again; both log what they know from the start, as `train` does."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "home").mkdir()
    (folder / "params.yaml").write_text(yaml.safe_dump(DEMO))
    folders = ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "AGELENS_EXECUTION", "WANDB_SERVICE")
    environment = {name: value for name, value in os.environ.items() if name not in folders}
    environment |= {"WANDB_MODE": "offline", "HOME": str(folder / "home")}
    command = [sys.executable, "-c", JOB]
    options = {"cwd": folder, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([*command, "1", "2"], start_new_session=True, **options) as stopped:  # type: ignore[call-overload]
        assert stopped.stdout.readline() == "logged\n"
        os.killpg(stopped.pid, signal.SIGTERM)  # as Slurm does: W&B's own process gets it, too
        assert stopped.wait(timeout=60) == 143
    subprocess.run([*command, "1", "4"], check=True, timeout=60, **options)  # type: ignore[call-overload]
    assert list((folder / "home").rglob("*")) == []
    assert {path.name for path in folder.iterdir()} == {"data", "home", "params.yaml", "wandb"}
    return stored_runs(folder)


def test_a_terminated_run_is_failed_and_has_its_history(runs: list[StoredRun]) -> None:
    assert runs[0].exit_code == 143
    assert [row["val_age_mae"] for row in runs[0].history] == [9.0, 8.0]


def test_a_resumed_training_is_one_run_whose_last_file_has_all_epochs(runs: list[StoredRun]) -> None:
    """`wandb sync` uploads the files of one id in the order of their start, each from the first step."""
    first, second = (each.run for each in runs)
    assert (first.run_id, first.display_name, first.run_group) == (second.run_id, second.display_name, second.run_group)
    assert [row["_step"] for row in runs[1].history] == [1, 2, 3, 4]
    assert (runs[1].exit_code, runs[1].summary["best/val_age_mae"]) == (0, 6.0)


def test_a_run_has_its_name_its_config_and_its_output(runs: list[StoredRun]) -> None:
    run = runs[1].run
    assert (run.project, run.job_type, list(run.tags)) == ("agelens", "train", ["efficientnet_lite0", "synthetic"])
    assert run.display_name == f"train-efficientnet_lite0-{run.run_group}"
    assert runs[1].config["model"]["backbone"] == "efficientnet_lite0"
    assert "".join(line.line for line in runs[1].of("output_raw")) == "logged\n"
