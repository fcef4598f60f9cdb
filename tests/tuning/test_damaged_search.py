"""A search whose stored state was damaged starts again, and finds the same."""

import shutil

import pandas as pd
import pytest

from agelens.tuning.state_files import read_hashed
from tests.damage import DAMAGES
from tests.tuning.small_search import search
from tests.tuning.test_search import BUDGET


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder for the state of the searches."""
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def first(folder):
    """Return the trials of a first search, and the calls of its listener."""
    return search(folder, fingerprint="a")


@pytest.mark.parametrize(
    ("file", "name"), [("oracle.json", "cut"), ("trial_*/trial.json", "flipped"), ("trial_*/epochs.json", "empty")]
)
def test_a_search_with_a_damaged_state_starts_again(first, folder, tmp_path, file, name):
    shutil.copytree(folder / "search_a", tmp_path / "search_a")
    path = next((tmp_path / "search_a").glob(file))
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    trials, recorder = search(tmp_path, fingerprint="a")
    pd.testing.assert_frame_equal(trials, first[0])
    assert [line.endswith(f"{path.name} is damaged, so the search starts again") for line in recorder.damage] == [True]
    assert len(recorder.epochs) == BUDGET.epochs


def test_the_state_lists_tried_settings_in_one_order(first, folder):
    tried = read_hashed(folder / "search_a/oracle.json")["tried_so_far"]
    assert len(tried) > 1
    assert tried == sorted(tried)


def test_a_search_that_lacks_a_trial_starts_again(first, folder, tmp_path):
    shutil.copytree(folder / "search_a", tmp_path / "search_a")
    (tmp_path / "search_a/trial_0001/trial.json").unlink()
    trials, recorder = search(tmp_path, fingerprint="a")
    pd.testing.assert_frame_equal(trials, first[0])
    assert len(recorder.damage) == 1


def test_a_damaged_file_of_the_tuner_changes_nothing(first, folder, tmp_path):
    shutil.copytree(folder / "search_a", tmp_path / "search_a")
    (tmp_path / "search_a/tuner.json").write_text("{")
    trials, recorder = search(tmp_path, fingerprint="a")
    pd.testing.assert_frame_equal(trials, first[0])
    assert recorder.epochs == []
