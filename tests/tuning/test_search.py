"""A whole search on a few random features: what it tries, what it tells, and that it goes on where it stopped."""

import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from agelens.tuning import search as search_module
from agelens.tuning.budget import hyperband_budget
from agelens.tuning.candidates import Log
from agelens.tuning.recipe import Settings
from agelens.tuning.search import SearchConfig, ShareDone, remove_other_searches, run_search
from agelens.tuning.search_progress import PLACE, Standing, TrialPlace, Watch, trials_table
from agelens.tuning.space import Choices, Space
from tests.tuning.small_search import CONFIG, SPACE, folders_in, small_candidates

BUDGET = hyperband_budget(max_epochs=3, factor=3, iterations=1)
ONLY: Space = {"units": Choices((3,)), "learning_rate": Choices((0.05,))}


class Stopped(BaseException):
    """What Ctrl-C does, at a moment of our choice."""


@dataclass
class Heard:
    """What a search has reported; raises `Stopped` in the second epoch of a trial if asked to."""

    stop_in: str | None = None
    epochs: list[tuple[str, int]] = field(default_factory=list)
    trained: list[tuple[TrialPlace, list[Log]]] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)

    @property
    def watch(self) -> Watch:
        return Watch(self.hear, lambda place, logs: self.trained.append((place, logs)), self.standings.append)

    def hear(self, place: TrialPlace, log: Log) -> None:
        self.epochs.append((place.trial, int(log["epoch"])))
        if place.trial == self.stop_in:
            raise Stopped


class StepsBefore(keras.callbacks.Callback):  # type: ignore[misc]
    """Hears how many steps an optimiser has made before a training."""

    def __init__(self, heard: list[int]) -> None:
        super().__init__()
        self.heard = heard

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Write the number down."""
        del logs
        self.heard.append(int(self.model.optimizer.iterations))


def search(
    folder: Path, *, fingerprint: str, space: Space = SPACE, config: SearchConfig = CONFIG, heard: Heard | None = None
) -> tuple[pd.DataFrame, Heard]:
    heard = heard or Heard()
    trials = run_search(
        small_candidates(), space=space, config=config, folder=folder, fingerprint=fingerprint, watch=heard.watch
    )
    return trials, heard


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder in which the searches keep their state."""
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def first(folder):
    """Return the trials of a first search, and what it reported."""
    return search(folder, fingerprint="a")


def test_every_trial_is_a_row_best_first(first):
    trials, _ = first
    assert list(trials.columns) == [*SPACE, "val_age_mae", *PLACE]
    assert trials["val_age_mae"].is_monotonic_increasing
    assert np.isfinite(trials["val_age_mae"]).all()
    assert trials["trial"].is_unique


def test_trials_and_epochs_are_as_many_as_the_budget_says(first):
    trials, heard = first
    assert (len(trials), len(heard.trained), len(heard.epochs)) == (BUDGET.trials, BUDGET.trials, BUDGET.epochs)
    last = heard.standings[-1]
    assert last == Standing(BUDGET.trials, BUDGET.epochs, trials["val_age_mae"].min(), failed=0)
    assert [standing.trials for standing in heard.standings] == list(range(BUDGET.trials + 1))


def test_heads_are_trained_as_long_as_their_round_says(first):
    rounds = first[0].groupby(["bracket", "round", "epochs"]).size()
    assert rounds.to_dict() == {(0, 0, 3): 2, (1, 0, 1): 3, (1, 1, 3): 1}


def test_the_curve_of_a_promoted_head_goes_on_where_it_was(first):
    curves = {(place.bracket, place.round): [log["epoch"] for log in logs] for place, logs in first[1].trained}
    assert curves == {(0, 0): [1, 2, 3], (1, 0): [1], (1, 1): [2, 3]}


def test_a_score_is_the_best_of_its_curve(first):
    trials, heard = first
    scores = {place.trial: min(log["val_age_mae"] for log in logs) for place, logs in heard.trained}
    assert trials.set_index("trial")["val_age_mae"].to_dict() == pytest.approx(scores)


def test_promoted_head_is_the_best_of_its_round(first):
    trials, _ = first
    beginners = trials[(trials["bracket"] == 1) & (trials["round"] == 0)]
    promoted = trials[trials["round"] == 1]
    assert promoted[list(SPACE)].to_numpy().tolist() == beginners.head(1)[list(SPACE)].to_numpy().tolist()


def test_a_head_is_built_for_the_epochs_of_its_round(tmp_path):
    candidates, built, steps = small_candidates(), list[int](), list[int]()

    def build(settings: Settings, epochs: int) -> Any:
        built.append(epochs)
        return candidates.build(settings, epochs)

    counted = replace(candidates, build=build, callbacks=lambda _: [StepsBefore(steps)])
    trials = run_search(counted, space=SPACE, config=CONFIG, folder=tmp_path, fingerprint="epochs")
    first = trials.set_index("trial").sort_index(key=lambda names: names.astype(int))
    begun = {0: 0, 1: 1}  # a head of round 1 has had one epoch
    asked = [row.epochs - begun[row.round] for row in first.itertuples()]
    assert built[-len(asked) :] == asked  # before, Keras Tuner builds one to see which settings there are
    assert set(asked) == {1, 2, 3}
    assert steps == [0] * len(first)  # not where a promoted head's schedule had come to


def test_settings_come_from_the_space(first):
    trials, _ = first
    assert set(trials["units"]) <= {2, 4, 8}
    assert set(trials["dropout"].round(6)) <= {0.0, 0.1, 0.2}
    assert trials["learning_rate"].between(0.01, 0.1).all()


def test_finished_search_is_not_done_again(first, folder):
    trials, heard = search(folder, fingerprint="a")
    assert heard.epochs == []
    assert heard.standings[0].trials == BUDGET.trials
    pd.testing.assert_frame_equal(trials, first[0])


def test_another_fingerprint_is_another_search(first, folder):
    trials, heard = search(folder, fingerprint="b", space=ONLY)
    assert heard.epochs
    assert set(trials["units"]) == {3}
    assert folders_in(folder) == {"search_a", "search_b"}


def test_small_space_ends_before_its_budget(folder):
    trials, _ = search(folder, fingerprint="b", space=ONLY)
    assert 1 <= len(trials) < BUDGET.trials


def test_a_stopped_search_goes_on_and_repeats_only_what_was_not_finished(tmp_path, first):
    stopped = Heard(stop_in="0002")
    with pytest.raises(Stopped):
        search(tmp_path, fingerprint="a", heard=stopped)
    trials, resumed = search(tmp_path, fingerprint="a")
    assert [place.trial for place, _ in stopped.trained] == ["0000", "0001"]
    assert {place.trial for place, _ in resumed.trained} == set(trials["trial"]) - {"0000", "0001"}
    assert resumed.standings[0].trials == 2
    assert len(trials) == BUDGET.trials
    assert trials["trial"].is_unique
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_search_killed_between_the_files_of_its_first_trial_does_not_repeat_it(tmp_path, monkeypatch):
    write = search_module.HyperbandDealer.save

    def save(self: Any) -> None:
        if any(trial.status == "COMPLETED" for trial in self.trials.values()):
            raise Stopped
        write(self)

    with monkeypatch.context() as patch:
        patch.setattr(search_module.HyperbandDealer, "save", save)
        with pytest.raises(Stopped):
            search(tmp_path, fingerprint="a")
    trials, resumed = search(tmp_path, fingerprint="a", space=SPACE)
    assert "0000" not in {place.trial for place, _ in resumed.trained}
    assert len(trials) == BUDGET.trials


def test_a_search_leaves_after_its_share_and_goes_on(tmp_path, first):
    for share in range(2):
        with pytest.raises(ShareDone):
            run_search(small_candidates(), space=SPACE, config=CONFIG, folder=tmp_path, fingerprint="a", most=2 + share)
    trials, resumed = search(tmp_path, fingerprint="a")
    assert [place.trial for place, _ in resumed.trained] == ["0005"]
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_finished_trial_that_still_counts_as_running_is_not_repeated(tmp_path, first, folder):
    """Keras Tuner writes its state while the trial that has just ended is in the list of the running."""
    shutil.copytree(folder / "search_a", tmp_path / "search_a")
    state = tmp_path / "search_a/oracle.json"
    content = json.loads(state.read_text())
    state.write_text(json.dumps({**content, "ongoing_trials": {"tuner0": "0001"}}))
    trials, heard = search(tmp_path, fingerprint="a")
    assert heard.epochs == []
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_trial_that_was_cut_off_while_it_was_dealt_is_forgotten(tmp_path, first, folder):
    shutil.copytree(folder / "search_a", tmp_path / "search_a")
    dealt, orphan = (tmp_path / f"search_a/trial_{number}/trial.json" for number in ("0001", "0009"))
    orphan.parent.mkdir()
    orphan.write_text(dealt.read_text().replace('"0001"', '"0009"'))
    trials, heard = search(tmp_path, fingerprint="a")
    assert heard.epochs == []
    pd.testing.assert_frame_equal(trials, first[0])


def test_a_trial_that_diverges_is_counted_and_left_out(tmp_path):
    rates: Space = {"learning_rate": Choices((0.05, 1e38))}
    trials, heard = search(tmp_path, fingerprint="a", space=rates)
    last = heard.standings[-1]
    assert last.failed == last.trials - len(trials) == 1
    assert set(trials["learning_rate"]) == {0.05}


def test_a_search_without_trials_is_an_empty_table():
    assert list(trials_table([], settings=("units",)).columns) == ["units", "val_age_mae", *PLACE]


def test_state_of_other_searches_is_removed_and_nothing_else(tmp_path):
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


def test_state_need_not_exist_to_be_removed(tmp_path):
    remove_other_searches(tmp_path / "absent", fingerprint="a")
    assert not (tmp_path / "absent").exists()
