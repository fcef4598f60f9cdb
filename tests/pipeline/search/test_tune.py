"""`agelens tune`: killed and gone on, shared by workers, refused where it would spoil another search, or left out."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.params import Params
from agelens.pipeline.search import shares
from agelens.pipeline.search.shares import CHIEF_IP, CHIEF_PORT, TUNER_ID, part_of
from agelens.pipeline.search.workers import tune
from agelens.pipeline.stages import cache_features
from agelens.pipeline.stages import tune as stage
from agelens.tuning.budget import hyperband_budget
from agelens.tuning.results import read_best
from tests.pipeline.small_project import ROOT, SmallProject

SEARCH = {"max_epochs": 3, "factor": 3, "hyperband_iterations": 1, "retrain": {"top": 1, "seeds": 1}}
BUDGET = hyperband_budget(max_epochs=3, factor=3, iterations=1)
SETTINGS = ["units", "age_head", "learning_rate"]


@pytest.fixture
def params(project: SmallProject) -> Params:
    """Return settings of a search of 6 trials, whose features are there."""
    params = project.params(tune=SEARCH)
    cache_features.run(params, project.paths)
    return params


def finished_trials(project: SmallProject) -> dict[str, dict[str, Any]]:
    """Return what is on the disk of the trials that have finished."""
    files = project.paths.tune_state.glob("search_*/trial_*/trial.json")
    trials = [json.loads(path.read_text()) for path in files]
    return {trial["trial_id"]: trial for trial in trials if trial["status"] == "COMPLETED"}


def kill_after(project: SmallProject, count: int, *words: str) -> None:
    """Start a search, and kill it and all that it started as soon as some trials have finished."""
    running = project.command("tune", *words)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and running.poll() is None and len(finished_trials(project)) < count:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def check_complete(project: SmallProject, said: str) -> pd.DataFrame:
    trials = pd.read_csv(project.paths.tune_report / "trials.csv", dtype={"trial": str})
    assert len(trials) == BUDGET.trials, said
    assert trials["trial"].is_unique
    begun = trials[trials["round"] == 0]
    assert not begun.duplicated(SETTINGS).any()
    return trials


@pytest.mark.slow
def test_a_killed_search_goes_on_and_repeats_no_finished_trial(project: SmallProject, params: Params) -> None:
    kill_after(project, 2)
    before = finished_trials(project)
    assert 2 <= len(before) < BUDGET.trials
    running = project.command("tune")
    said, _ = running.communicate(timeout=240)
    assert running.returncode == 0, said
    after = finished_trials(project)
    assert {name: after[name] for name in before} == before
    check_complete(project, said)
    fingerprint = json.loads(project.paths.best_head.read_text())["fingerprint"]
    assert set(read_best(project.paths.best_head, fingerprint=fingerprint).settings) == set(SETTINGS)
    assert params.tune.max_epochs == 3


@pytest.mark.slow
def test_two_workers_take_over_a_killed_search_and_share_the_rest(project: SmallProject, params: Params) -> None:
    kill_after(project, 1)
    before = finished_trials(project)
    running = project.command("tune", "--workers", "2")
    said, _ = running.communicate(timeout=300)
    logs = "".join(path.read_text() for path in project.paths.tune_state.glob("worker_*.log"))
    assert running.returncode == 0, said + logs
    after = finished_trials(project)
    assert {name: after[name] for name in before} == before
    trials = check_complete(project, said + logs)
    rounds = trials.groupby(["bracket", "round", "epochs"]).size()
    assert rounds.to_dict() == {(0, 0, 3): 2, (1, 0, 1): 3, (1, 1, 3): 1}
    assert params.tune.factor == 3


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ({}, "alone"),
        ({CHIEF_IP: "10.0.0.1", CHIEF_PORT: "8766", TUNER_ID: "chief"}, "chief"),
        ({CHIEF_IP: "10.0.0.1", CHIEF_PORT: "8766", TUNER_ID: "worker7"}, "worker"),
    ],
)
def test_the_environment_says_which_part_a_process_has(environment: dict[str, str], part: str) -> None:
    assert part_of(environment) == part


@pytest.mark.parametrize("name", [CHIEF_IP, CHIEF_PORT, TUNER_ID])
def test_half_a_part_is_refused(name: str) -> None:
    with pytest.raises(ParamsError, match=r"needs KERASTUNER_.* is not set"):
        part_of({name: "1"})


def test_a_worker_has_no_workers(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ((CHIEF_IP, "127.0.0.1"), (CHIEF_PORT, "1"), (TUNER_ID, "worker1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ParamsError, match="not both"):
        tune(project.params(), project.paths, workers=2)


def test_a_training_without_a_tuned_head_needs_no_search(project: SmallProject) -> None:
    params = project.params(train={"use_tuned": False})
    stage.run(params, project.paths)  # there are no features yet: whoever looked for them would fail
    with pytest.raises(ParamsError, match="dvc repro tune"):
        read_best(project.paths.best_head, fingerprint="any")
    assert list(Path(project.paths.tune_state).iterdir()) == []


@pytest.mark.slow
def test_a_long_search_trains_its_trials_in_processes_that_are_renewed(
    project: SmallProject, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    start = shares.start_share

    def count(folder: Path, **options: Any) -> Any:
        started.append(folder)
        return start(folder, **options)

    for name, value in {"PYTHONPATH": str(ROOT), "WANDB_MODE": "disabled"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(shares, "RENEW_AFTER", 3)
    monkeypatch.setattr(stage, "RENEW_AFTER", 3)
    monkeypatch.setattr(shares, "start_share", count)
    stage.search(params, project.paths)
    assert started == [project.root] * (BUDGET.trials // 3 + 1)  # the last one finds nothing left
    check_complete(project, "")


def test_a_share_that_fails_stops_the_search(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"ended with status \d+, see above; the same command goes on"):
        shares.train_in_shares(project=tmp_path)
