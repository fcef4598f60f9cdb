"""`agelens tune`: resuming after a kill, workers, roles of processes, and skipped searches."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.commands.tuning import search_in_role
from agelens.pipeline.config.params import Params
from agelens.pipeline.reports.search_report import draw_search
from agelens.pipeline.search import processes
from agelens.pipeline.search import run as search_run
from agelens.pipeline.search.processes import CHIEF_IP, CHIEF_PORT, TUNER_ID, role_of
from agelens.pipeline.stages import cache_features
from agelens.pipeline.stages import tune as stage
from agelens.tuning.budget import hyperband_budget
from agelens.tuning.results import read_best
from tests.pipeline.small_project import SmallProject

SEARCH = {"max_epochs": 3, "factor": 3, "hyperband_iterations": 1, "retrain": {"top": 1, "seeds": 1}}
BUDGET = hyperband_budget(max_epochs=3, factor=3, iterations=1)
SETTINGS = ["units", "age_head", "learning_rate"]


@pytest.fixture
def params(project: SmallProject) -> Params:
    """Return settings of a search of 6 trials; the features are cached."""
    params = project.params(tune=SEARCH)
    cache_features.run(params, project.paths)
    return params


def finished_trials(project: SmallProject) -> dict[str, dict[str, Any]]:
    """Return the trial.json files of the finished trials by trial."""
    files = project.paths.tune_state.glob("search_*/trial_*/trial.json")
    trials = [json.loads(path.read_text()) for path in files]
    return {trial["trial_id"]: trial for trial in trials if trial["status"] == "COMPLETED"}


def kill_after(project: SmallProject, count: int, *words: str) -> None:
    """Start a search, and kill it and all its child processes as soon as some trials have finished."""
    running = project.command("tune", *words)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and running.poll() is None and len(finished_trials(project)) < count:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def check_complete(folder: Path, output: str) -> pd.DataFrame:
    trials = pd.read_csv(folder / "trials.csv", dtype={"trial": str})
    assert len(trials) == BUDGET.trials, output
    assert trials["trial"].is_unique
    first_round = trials[trials["round"] == 0]
    assert not first_round.duplicated(SETTINGS).any()
    return trials


@pytest.mark.slow
@pytest.mark.usefixtures("params")
def test_a_killed_search_resumes_and_repeats_no_finished_trial(project: SmallProject) -> None:
    kill_after(project, 2)
    before = finished_trials(project)
    assert 2 <= len(before) < BUDGET.trials
    running = project.command("tune")
    output, _ = running.communicate(timeout=240)
    assert running.returncode == 0, output
    after = finished_trials(project)
    assert {name: after[name] for name in before} == before
    check_complete(project.paths.search_report, output)
    best = project.paths.search_report / "best.json"
    fingerprint = json.loads(best.read_text())["fingerprint"]
    assert set(read_best(best, fingerprint=fingerprint).settings) == set(SETTINGS)
    assert (project.paths.search_report / "search.html").is_file()
    assert not project.paths.tune_report.exists()  # an output of the stage, which DVC compares


@pytest.mark.slow
@pytest.mark.usefixtures("params")
def test_two_workers_resume_a_killed_search(project: SmallProject) -> None:
    kill_after(project, 1)
    before = finished_trials(project)
    running = project.command("tune", "--workers", "2")
    output, _ = running.communicate(timeout=300)
    logs = "".join(path.read_text() for path in project.paths.tune_state.glob("worker_*.log"))
    assert running.returncode == 0, output + logs
    after = finished_trials(project)
    assert {name: after[name] for name in before} == before
    trials = check_complete(project.paths.search_report, output + logs)
    rounds = trials.groupby(["bracket", "round", "epochs"]).size()
    assert rounds.to_dict() == {(0, 0, 3): 2, (1, 0, 1): 3, (1, 1, 3): 1}


@pytest.mark.parametrize(
    ("environment", "role"),
    [
        ({}, "single"),
        ({CHIEF_IP: "10.0.0.1", CHIEF_PORT: "8766", TUNER_ID: "chief"}, "chief"),
        ({CHIEF_IP: "10.0.0.1", CHIEF_PORT: "8766", TUNER_ID: "worker7"}, "worker"),
    ],
)
def test_the_environment_sets_the_role_of_a_process(environment: dict[str, str], role: str) -> None:
    assert role_of(environment) == role


@pytest.mark.parametrize("name", [CHIEF_IP, CHIEF_PORT, TUNER_ID])
def test_an_incomplete_role_is_rejected(name: str) -> None:
    with pytest.raises(ParamsError, match=r"need KERASTUNER_.* is not set"):
        role_of({name: "1"})


def test_a_worker_cannot_start_workers(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ((CHIEF_IP, "127.0.0.1"), (CHIEF_PORT, "1"), (TUNER_ID, "worker1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ParamsError, match="not both"):
        search_in_role(project.params(), project.paths, workers=2)


def test_the_search_is_skipped_if_train_does_not_use_its_result(project: SmallProject) -> None:
    params = project.params(train={"use_tuned": False})
    stage.run(params, project.paths)  # would fail if it read features, because there are none
    with pytest.raises(ParamsError, match="dvc repro tune"):
        read_best(project.paths.best_settings, fingerprint="any")
    assert not project.paths.tune_state.exists()


@pytest.mark.slow
def test_a_long_search_trains_its_trials_in_several_processes(
    project: SmallProject, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    start = processes.start_process

    def count(folder: Path, **options: Any) -> Any:
        started.append(folder)
        return start(folder, **options)

    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setattr(processes, "TRIALS_PER_PROCESS", 3)
    monkeypatch.setattr(search_run, "TRIALS_PER_PROCESS", 3)
    monkeypatch.setattr(processes, "start_process", count)
    stage.search_and_write(params, project.paths, folder=project.paths.tune_report)
    assert started == [project.root] * (BUDGET.trials // 3 + 1)  # no trial is left for the last one
    check_complete(project.paths.tune_report, "")


@pytest.mark.slow
def test_a_finished_search_that_is_run_again_changes_nothing(
    project: SmallProject, params: Params, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    paths, folders = project.paths, [project.paths.tune_report, project.paths.tune_state]
    stage.run(params, paths)
    draw_search(paths.tune_report, paths.report)
    before = contents(*folders, paths.report)
    assert {"trials.csv", "curves.csv", "retrained_seeds.csv", "search.json", "search.html"} <= {
        path.name for path in before
    }
    shutil.rmtree(paths.tune_report)  # as DVC does before it runs a stage
    shutil.rmtree(paths.report)
    capfd.readouterr()
    stage.run(params, paths)
    draw_search(paths.tune_report, paths.report)
    after = contents(*folders, paths.report)
    assert [path for path in before if before[path] != after.get(path)] == []
    assert after.keys() == before.keys()
    assert "an earlier run finished all trials of this search" in capfd.readouterr().err


def contents(*folders: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_process_that_fails_stops_the_search(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"ended with status \d+, see above; run the command to resume"):
        processes.train_in_processes(project=tmp_path)
