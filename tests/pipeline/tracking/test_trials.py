"""The W&B runs of the trials of a search."""

from typing import Any

import pytest

from agelens.pipeline.tracking.runs import tracked_run
from agelens.pipeline.tracking.trials import TrialRuns, search_identity
from agelens.tuning.search_progress import TrialInfo
from tests.pipeline.tracking.fake_wandb import FakeWandb

FIRST = TrialInfo("0001", {"units": 64}, bracket=2, round=0, initial_epoch=0, epochs=3)
PROMOTED = TrialInfo("0004", {"units": 64}, bracket=2, round=1, initial_epoch=3, epochs=7, parent="0001")


def train(runs: TrialRuns, info: TrialInfo, *values: float) -> list[dict[str, float]]:
    """Report the epochs of a trial."""
    logs = [{"epoch": info.initial_epoch + count, "val_age_mae": value} for count, value in enumerate(values, 1)]
    for each in logs:
        runs.on_epoch_end(info, each)
    return logs


def stop_after_an_epoch(runs: TrialRuns) -> None:
    train(runs, FIRST, 7.0)
    raise KeyboardInterrupt


def test_a_trial_belongs_to_its_search_and_to_the_trial_that_it_continues(wandb: FakeWandb, project: Any) -> None:
    with (
        tracked_run("tune", **project, resumed_by=search_identity(project["params"])) as search,
        TrialRuns(**project) as runs,
    ):
        runs.on_trial_end(PROMOTED, train(runs, PROMOTED, 7.0, 6.5))
        assert wandb.run.exit_codes == [0]
        assert wandb.runs[0].exit_codes == []
    trial = wandb.run
    assert trial.id == f"{search.id}-0004"
    assert (trial.options["job_type"], trial.options["name"]) == ("trial", "trial 0004, rung 2 of 3")
    assert trial.options["group"] == wandb.runs[0].options["group"]
    assert trial.options["config"] == {
        "units": 64,
        "bracket": 2,
        "rung": 2,
        "epochs": 7,
        "continues": "0001",
        "search": search.id,
    }
    assert trial.summary == {"best/val_age_mae": 6.5}
    assert [run.exit_codes for run in wandb.runs] == [[0], [0]]


def test_epochs_of_a_trial_are_logged_while_it_trains(wandb: FakeWandb, project: Any) -> None:
    with TrialRuns(**project) as runs:
        train(runs, PROMOTED, 7.0)
        assert wandb.run.logged == [({"epoch": 4, "val_age_mae": 7.0}, 4)]
        assert wandb.run.exit_codes == []


def test_trials_do_not_record_machine_and_output(wandb: FakeWandb, project: Any) -> None:
    with TrialRuns(**project) as runs:
        train(runs, FIRST, 7.0)
    settings = wandb.options["settings"]
    assert (settings.console, settings.x_disable_stats) == ("off", True)


def test_a_trial_that_failed_ends_when_the_next_begins(wandb: FakeWandb, project: Any) -> None:
    with TrialRuns(**project) as runs:
        train(runs, FIRST, 7.0)
        runs.on_trial_end(PROMOTED, train(runs, PROMOTED, 7.0))
    assert [run.exit_codes for run in wandb.runs] == [[1], [0]]


def test_a_trial_that_is_stopped_has_failed(wandb: FakeWandb, project: Any) -> None:
    with pytest.raises(KeyboardInterrupt), TrialRuns(**project) as runs:
        stop_after_an_epoch(runs)
    assert wandb.run.exit_codes == [130]


def test_nothing_is_logged_if_wandb_is_disabled(wandb: FakeWandb, project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    with TrialRuns(**project) as runs:
        runs.on_trial_end(FIRST, train(runs, FIRST, 7.0))
    assert wandb.runs == []
