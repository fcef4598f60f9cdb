"""A whole search on random features: its trials, its reports to the listener, and how it resumes."""

import json
import shutil
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from agelens.tuning.budget import hyperband_budget
from agelens.tuning.keras_tuner_patches import PatchedOracle
from agelens.tuning.recipe import Settings
from agelens.tuning.search import TrialLimitReached, remove_other_searches, run_search, search_is_finished
from agelens.tuning.search_progress import TRIAL_COLUMNS, SearchProgress, trials_table
from agelens.tuning.space import Choices, SearchSpace
from agelens.tuning.state_files import read_hashed, with_hash
from agelens.tuning.trial_logs import read_curves
from tests.tuning.small_search import CONFIG, SPACE, Recorder, Stopped, folders_in, search, small_factory

BUDGET = hyperband_budget(max_epochs=3, factor=3, iterations=1)
SINGLE_VALUES: SearchSpace = {"units": Choices((3,)), "learning_rate": Choices((0.05,))}


class StepsBefore(keras.callbacks.Callback):  # type: ignore[misc]
    """Records how many steps an optimizer has made before a training."""

    def __init__(self, steps: list[int]) -> None:
        super().__init__()
        self.steps = steps

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Record the number."""
        del logs
        self.steps.append(int(self.model.optimizer.iterations))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder for the state of the searches."""
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def first(folder):
    """Return the trials of a first search, and the calls of its listener."""
    return search(folder, fingerprint="a")


def test_the_table_has_one_row_per_trial_best_first(first):
    trials, _ = first
    assert list(trials.columns) == [*SPACE, "val_age_mae", *TRIAL_COLUMNS]
    assert trials["val_age_mae"].is_monotonic_increasing
    assert np.isfinite(trials["val_age_mae"]).all()
    assert trials["trial"].is_unique


def test_trials_and_epochs_match_the_budget(first):
    trials, recorder = first
    assert (len(trials), len(recorder.trials), len(recorder.epochs)) == (BUDGET.trials, BUDGET.trials, BUDGET.epochs)
    last = recorder.progress[-1]
    assert last == SearchProgress(BUDGET.trials, BUDGET.epochs, trials["val_age_mae"].min(), failed=0)
    assert [progress.trials for progress in recorder.progress] == list(range(BUDGET.trials + 1))


def test_models_train_for_the_epochs_of_their_round(first):
    rounds = first[0].groupby(["bracket", "round", "epochs"]).size()
    assert rounds.to_dict() == {(0, 0, 3): 2, (1, 0, 1): 3, (1, 1, 3): 1}


def test_epochs_of_a_promoted_model_continue_those_of_its_parent(first):
    epochs = {(info.bracket, info.round): [epoch["epoch"] for epoch in logs] for info, logs in first[1].trials}
    assert epochs == {(0, 0): [1, 2, 3], (1, 0): [1], (1, 1): [2, 3]}


def test_a_score_is_the_lowest_mae_of_all_epochs(first):
    trials, recorder = first
    scores = {info.trial: min(epoch["val_age_mae"] for epoch in logs) for info, logs in recorder.trials}
    assert trials.set_index("trial")["val_age_mae"].to_dict() == pytest.approx(scores)


def test_the_promoted_model_is_the_best_of_its_round(first):
    trials, _ = first
    first_round = trials[(trials["bracket"] == 1) & (trials["round"] == 0)]
    promoted = trials[trials["round"] == 1]
    assert promoted[list(SPACE)].to_numpy().tolist() == first_round.head(1)[list(SPACE)].to_numpy().tolist()


def test_a_model_is_compiled_for_the_epochs_of_its_round(tmp_path):
    factory, built, steps = small_factory(), list[int](), list[int]()

    def build(settings: Settings, epochs: int) -> Any:
        built.append(epochs)
        return factory.build(settings, epochs)

    counted = replace(factory, build=build, callbacks=lambda _: [StepsBefore(steps)])
    trials = run_search(counted, space=SPACE, config=CONFIG, folder=tmp_path, fingerprint="epochs")
    first = trials.set_index("trial").sort_index(key=lambda names: names.astype(int))
    trained_before = {0: 0, 1: 1}  # the parent of a model of round 1 has trained one epoch
    expected = [row.epochs - trained_before[row.round] for row in first.itertuples()]
    assert built[-len(expected) :] == expected  # Keras Tuner first builds a model to register the settings
    assert set(expected) == {1, 2, 3}
    assert steps == [0] * len(first)  # the schedule of a promoted model starts again


def test_settings_lie_in_the_space(first):
    trials, _ = first
    assert set(trials["units"]) <= {2, 4, 8}
    assert set(trials["dropout"].round(6)) <= {0.0, 0.1, 0.2}
    assert trials["learning_rate"].between(0.01, 0.1).all()


def test_a_finished_search_is_not_repeated(first, folder):
    trials, recorder = search(folder, fingerprint="a")
    assert recorder.epochs == []
    assert recorder.progress[0].trials == BUDGET.trials
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_search_is_finished_when_no_trial_is_left(first, folder, tmp_path):
    assert search_is_finished(folder, fingerprint="a")
    with pytest.raises(TrialLimitReached):
        run_search(small_factory(), space=SPACE, config=CONFIG, folder=tmp_path, fingerprint="a", max_trials=1)
    assert not search_is_finished(tmp_path, fingerprint="a")


def test_curves_have_every_epoch(first, folder):
    trials, recorder = first
    names = trials["trial"].tolist()
    curves = read_curves(folder / "search_a", names)
    logs = {(info.trial, epoch["epoch"]): epoch for info, epochs in recorder.trials for epoch in epochs}
    assert list(zip(curves["trial"], curves["epoch"], strict=True)) == sorted(logs)
    for row in curves.itertuples():
        assert (row.age_mae, row.val_age_mae) == tuple(
            logs[row.trial, row.epoch][n] for n in ("age_mae", "val_age_mae")
        )


def test_a_promoted_trial_names_its_parent(first):
    trials = first[0].set_index("trial")
    (promoted,) = trials.index[trials["round"] == 1]
    parent = trials.loc[promoted, "parent"]
    assert trials.loc[parent, list(SPACE)].tolist() == trials.loc[promoted, list(SPACE)].tolist()
    assert trials["parent"].notna().sum() == 1


def test_another_fingerprint_starts_another_search(first, folder):
    trials, recorder = search(folder, fingerprint="b", space=SINGLE_VALUES)
    assert recorder.epochs
    assert set(trials["units"]) == {3}
    assert folders_in(folder) == {"search_a", "search_b"}


def test_a_small_space_ends_before_the_budget(folder):
    trials, _ = search(folder, fingerprint="b", space=SINGLE_VALUES)
    assert 1 <= len(trials) < BUDGET.trials


def test_a_stopped_search_resumes_and_repeats_only_the_unfinished_trial(tmp_path, first):
    stopped = Recorder(stop_in="0002")
    with pytest.raises(Stopped):
        search(tmp_path, fingerprint="a", recorder=stopped)
    trials, resumed = search(tmp_path, fingerprint="a")
    assert [info.trial for info, _ in stopped.trials] == ["0000", "0001"]
    assert {info.trial for info, _ in resumed.trials} == set(trials["trial"]) - {"0000", "0001"}
    assert resumed.progress[0].trials == 2
    assert len(trials) == BUDGET.trials
    assert trials["trial"].is_unique
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_search_killed_before_it_saved_its_finished_trial_does_not_repeat_it(tmp_path, first, folder, monkeypatch):
    write = PatchedOracle.save

    def save(self: Any) -> None:
        if any(trial.status == "COMPLETED" for trial in self.trials.values()):
            raise Stopped
        write(self)

    with monkeypatch.context() as patch:
        patch.setattr(PatchedOracle, "save", save)
        with pytest.raises(Stopped):
            search(tmp_path, fingerprint="a")
    trials, resumed = search(tmp_path, fingerprint="a", space=SPACE)
    assert "0000" not in {info.trial for info, _ in resumed.trials}
    pd.testing.assert_frame_equal(trials, first[0])
    assert read_hashed(tmp_path / "search_a/oracle.json") == read_hashed(folder / "search_a/oracle.json")


def test_a_search_stops_after_the_maximum_number_of_trials_and_resumes(tmp_path, first):
    for count in (2, 3):
        with pytest.raises(TrialLimitReached):
            run_search(small_factory(), space=SPACE, config=CONFIG, folder=tmp_path, fingerprint="a", max_trials=count)
    trials, resumed = search(tmp_path, fingerprint="a")
    assert [info.trial for info, _ in resumed.trials] == ["0005"]
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_finished_trial_that_is_listed_as_running_is_not_repeated(tmp_path, first, folder):
    """Keras Tuner writes its state while it still lists the trial that has just ended as running."""
    shutil.copytree(folder / "search_a", tmp_path / "search_a")
    state = tmp_path / "search_a/oracle.json"
    content = read_hashed(state)
    state.write_text(json.dumps(with_hash({**content, "ongoing_trials": {"tuner0": "0001"}})))
    trials, recorder = search(tmp_path, fingerprint="a")
    assert recorder.epochs == []
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_trial_whose_creation_was_interrupted_is_ignored(tmp_path, first, folder):
    shutil.copytree(folder / "search_a", tmp_path / "search_a")
    created, orphan = (tmp_path / f"search_a/trial_{number}/trial.json" for number in ("0001", "0009"))
    orphan.parent.mkdir()
    orphan.write_text(json.dumps(with_hash({**read_hashed(created), "trial_id": "0009"})))
    trials, recorder = search(tmp_path, fingerprint="a")
    assert recorder.epochs == []
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_diverged_trial_is_counted_and_is_not_in_the_table(tmp_path):
    rates: SearchSpace = {"learning_rate": Choices((0.05, 1e38))}
    trials, recorder = search(tmp_path, fingerprint="a", space=rates)
    last = recorder.progress[-1]
    assert last.failed == last.trials - len(trials) == 1
    assert set(trials["learning_rate"]) == {0.05}


def test_the_table_of_a_search_without_trials_is_empty():
    assert list(trials_table([], settings=("units",)).columns) == ["units", "val_age_mae", *TRIAL_COLUMNS]


def test_only_the_state_of_other_searches_is_removed(tmp_path):
    for name in ("search_a", "search_b", "search_ab"):
        (tmp_path / name / "trial_0").mkdir(parents=True)
        (tmp_path / name / "trial_0/trial.json").write_text("{}")
    (tmp_path / "notes").mkdir()
    remove_other_searches(tmp_path, fingerprint="a")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "notes",
        "search_a",
        "search_a/trial_0",
        "search_a/trial_0/trial.json",
    ]


def test_removal_of_missing_state_does_nothing(tmp_path):
    remove_other_searches(tmp_path / "absent", fingerprint="a")
    assert not (tmp_path / "absent").exists()
