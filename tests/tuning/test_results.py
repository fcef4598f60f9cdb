"""The search's result reaches `train` unchanged, and only the training that it was searched for."""

import json

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.tuning.results import BestHead, describe, read_best, write_best, write_no_best

BEST = BestHead(
    settings={"units": 512, "learning_rate": 0.00123, "age_head": "linear"},
    val_age_mae=5.12,
    sd=0.02,
    untuned_val_age_mae=5.4,
    untuned_sd=0.03,
    seeds=3,
    fingerprint="now",
)


def test_result_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "tune/best.json"
    write_best(path, BEST)
    assert read_best(path, fingerprint="now") == BEST
    assert json.loads(path.read_text())["settings"] == BEST.settings


def test_settings_are_told_in_one_line():
    assert describe(BEST.settings) == "units 512, learning rate 0.00123, age head linear"
    assert describe({}) == ""


def test_missing_result_is_named(tmp_path):
    path = tmp_path / "best.json"
    with pytest.raises(ParamsError, match=r"needs .*best\.json; run `dvc repro tune`, or set train\.use_tuned"):
        read_best(path, fingerprint="now")


def test_stale_result_is_refused(tmp_path):
    path = tmp_path / "best.json"
    write_best(path, BEST)
    with pytest.raises(ParamsError, match=r"best\.json was found on other .* \(now, now later\); run `dvc repro tune`"):
        read_best(path, fingerprint="later")


@pytest.mark.parametrize("content", [None, {"units": 512, "val_age_mae": 5.0}], ids=["nothing searched", "malformed"])
def test_result_of_no_search_is_refused(tmp_path, content):
    path = tmp_path / "best.json"
    if content is None:
        write_no_best(path)
    else:
        path.write_text(json.dumps(content))
    with pytest.raises(ParamsError, match=r"run `dvc repro tune`"):
        read_best(path, fingerprint="now")
