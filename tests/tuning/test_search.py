"""A whole search on a few random features: what it tries, what it tells, and that it goes on where it stopped."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_prep.dataset import make_feature_dataset
from models.heads import HeadConfig
from models.objective import Objective, loss_weights_of, targets_of
from tests.factories import split_rows
from tuning.budget import hyperband_budget
from tuning.search import SETTINGS, SearchConfig, remove_other_searches, search_heads
from tuning.space import SearchSpace

ROWS, FEATURES, GROUPS = 16, 6, 5
TABLE = split_rows(ROWS, ages=[5, 20, 35, 50, 70])
OUTPUTS = dict.fromkeys(["age", "age_group"])
SPACE = SearchSpace(units=(2, 4, 8), dropout=(0.0, 0.2), learning_rate=(0.1, 0.01))
CONFIG = SearchConfig(max_epochs=3, factor=3, iterations=1, seed=3)
BUDGET = hyperband_budget(max_epochs=3, factor=3, iterations=1)


def search(folder: Path, *, fingerprint: str, space: SearchSpace = SPACE) -> tuple[pd.DataFrame, list[float]]:
    """Search on the same random features; return the trials and the scores that were reported on the way."""
    features = np.random.default_rng(0).normal(size=(1, ROWS, FEATURES)).astype(np.float16)
    targets, weights = targets_of(TABLE, OUTPUTS), loss_weights_of(TABLE, OUTPUTS)
    training, steps = make_feature_dataset(
        features, targets, weights=weights, copies=np.ones(ROWS, np.int64), batch_size=8, seed=0
    )
    scores: list[float] = []
    trials = search_heads(
        training,
        (features[0].astype(np.float32), targets),
        steps=steps,
        features=FEATURES,
        groups=GROUPS,
        base=HeadConfig(age_head="linear"),
        objective=Objective(),
        space=space,
        config=CONFIG,
        folder=folder,
        fingerprint=fingerprint,
        start_age=36.0,
        finished=scores.append,
    )
    return trials, scores


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder in which the searches keep their state."""
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def first(folder):
    """Return the trials of a first search, and the scores that it reported."""
    return search(folder, fingerprint="a")


def test_every_trial_is_a_row_best_first(first):
    trials, _ = first
    assert list(trials.columns) == [*SETTINGS, "val_age_mae", "epochs", "bracket", "round", "trial"]
    assert trials["val_age_mae"].is_monotonic_increasing
    assert np.isfinite(trials["val_age_mae"]).all()
    assert trials["trial"].is_unique


def test_trials_are_as_many_as_the_budget_says(first):
    trials, scores = first
    assert (len(trials), len(scores)) == (BUDGET.trials, BUDGET.trials)
    assert sorted(scores) == pytest.approx(trials["val_age_mae"].tolist())


def test_heads_are_trained_as_long_as_their_round_says(first):
    rounds = first[0].groupby(["bracket", "round", "epochs"]).size()
    assert rounds.to_dict() == {(0, 0, 3): 2, (1, 0, 1): 3, (1, 1, 3): 1}


def test_promoted_head_is_the_best_of_its_round(first):
    trials, _ = first
    beginners = trials[(trials["bracket"] == 1) & (trials["round"] == 0)]
    promoted = trials[trials["round"] == 1]
    assert promoted[list(SETTINGS)].to_numpy().tolist() == beginners.head(1)[list(SETTINGS)].to_numpy().tolist()


def test_settings_come_from_the_space(first):
    trials, _ = first
    for setting in SETTINGS:
        assert set(trials[setting]) <= set(getattr(SPACE, setting))


def test_finished_search_is_not_done_again(first, folder):
    trials, scores = search(folder, fingerprint="a")
    assert scores == []
    pd.testing.assert_frame_equal(trials, first[0])


def test_another_fingerprint_is_another_search(first, folder):
    only = SearchSpace(units=(3,), dropout=(0.1,), learning_rate=(0.05,))
    trials, scores = search(folder, fingerprint="b", space=only)
    assert scores
    assert set(trials["units"]) == {3}
    assert {path.name for path in folder.iterdir()} == {"search_a", "search_b"}


def test_small_space_ends_before_its_budget(folder):
    only = SearchSpace(units=(3,), dropout=(0.1,), learning_rate=(0.05,))
    trials, _ = search(folder, fingerprint="b", space=only)
    assert 1 <= len(trials) < BUDGET.trials


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
