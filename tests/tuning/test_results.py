"""The search's result reaches `train` unchanged, and only the training that it was searched for."""

import json

import pandas as pd
import pytest

from data_prep.errors import ParamsError
from tuning.results import BestHead, best_of, read_best, write_best

BEST = BestHead(units=512, dropout=0.3, learning_rate=0.001, val_age_mae=5.1235, fingerprint="now")

TRIALS = pd.DataFrame(
    {
        "units": [512, 128],
        "dropout": [0.3, 0.2],
        "learning_rate": [0.001, 0.01],
        "val_age_mae": [5.12345678, 6.0],
        "epochs": [20, 3],
    }
)


def test_best_is_the_first_trial():
    assert best_of(TRIALS, fingerprint="now") == BEST


def test_search_without_a_finished_trial_is_an_error():
    with pytest.raises(ParamsError, match=r"finished no trial.*dvc repro tune"):
        best_of(TRIALS.head(0), fingerprint="now")


def test_result_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "tune/best.json"
    write_best(path, BEST)
    assert read_best(path, fingerprint="now") == BEST
    assert json.loads(path.read_text())["units"] == 512


def test_missing_result_is_named(tmp_path):
    path = tmp_path / "best.json"
    with pytest.raises(ParamsError, match=r"needs .*best\.json; run `dvc repro tune`, or set train\.use_tuned"):
        read_best(path, fingerprint="now")


def test_stale_result_is_refused(tmp_path):
    path = tmp_path / "best.json"
    write_best(path, BEST)
    with pytest.raises(ParamsError, match=r"best\.json was found on other .* \(now, now later\); run `dvc repro tune`"):
        read_best(path, fingerprint="later")
