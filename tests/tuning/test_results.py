"""`train` reads the result of a search unchanged, and rejects the result of another search."""

import json
from dataclasses import replace

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.tuning.results import (
    BestSettings,
    describe_winner,
    format_settings,
    read_best,
    write_best,
    write_no_best,
)

BEST = BestSettings(
    winner="tuned",
    settings={"units": 512, "learning_rate": 0.00123, "age_head": "linear"},
    val_age_mae=5.12,
    sd=0.02,
    untuned_val_age_mae=5.4,
    untuned_sd=0.03,
    seeds=3,
    fingerprint="now",
)


def test_written_result_is_read_unchanged(tmp_path):
    path = tmp_path / "tune/best.json"
    write_best(path, BEST)
    assert read_best(path, fingerprint="now") == BEST
    assert json.loads(path.read_text())["settings"] == BEST.settings


UNTUNED_WON = replace(BEST, winner="untuned", val_age_mae=5.555, untuned_val_age_mae=5.4)


@pytest.mark.parametrize(
    ("best", "line"),
    [
        (BEST, "tuned head won by 0.280 years, more than the standard deviation over 3 seeds (0.030)"),
        (UNTUNED_WON, "untuned head won by 0.155 years, more than the standard deviation over 3 seeds (0.030)"),
        (
            replace(UNTUNED_WON, sd=0.2),
            "untuned head won by 0.155 years, NOT more than the standard deviation over 3 seeds (0.200)",
        ),
        (
            replace(UNTUNED_WON, sd=None, untuned_sd=None, seeds=1),
            "untuned head won by 0.155 years; with one seed (tune.retrain.seeds) nothing is known about the spread",
        ),
    ],
    ids=["tuned", "untuned", "within the spread", "one seed"],
)
def test_the_winner_is_described_with_its_lead_and_the_spread(best, line):
    assert describe_winner(best, scope="head") == line


def test_the_settings_found_are_kept_but_do_not_win_if_the_untuned_ones_are_better(tmp_path):
    path = tmp_path / "best.json"
    write_best(path, UNTUNED_WON)
    found = read_best(path, fingerprint="now")
    assert (found.settings, found.winning_settings) == (BEST.settings, {})
    assert BEST.winning_settings == BEST.settings


def test_settings_are_formatted_as_one_line():
    assert format_settings(BEST.settings) == "units 512, learning rate 0.00123, age head linear"
    assert format_settings({"group_weight": 0.123456, "seed": 123456}) == "group weight 0.123, seed 123456"
    assert format_settings({}) == ""


def test_missing_result_is_an_error_with_its_path(tmp_path):
    path = tmp_path / "best.json"
    with pytest.raises(ParamsError, match=r"needs .*best\.json; run `dvc repro tune`, or set train\.use_tuned"):
        read_best(path, fingerprint="now")


def test_a_result_with_a_damaged_key_is_rejected(tmp_path):
    path = tmp_path / "best.json"
    write_best(path, BEST)
    path.write_text(path.read_text().replace("untuned_sd", "untuned_ss"))
    with pytest.raises(ParamsError, match=r"best\.json is damaged .* run `dvc repro tune`"):
        read_best(path, fingerprint=BEST.fingerprint)


def test_result_of_another_search_is_rejected(tmp_path):
    path = tmp_path / "best.json"
    write_best(path, BEST)
    message = r"best\.json is the result of a search with other .* \(now, now later\); run `dvc repro tune`"
    with pytest.raises(ParamsError, match=message):
        read_best(path, fingerprint="later")


@pytest.mark.parametrize("content", [None, {"units": 512, "val_age_mae": 5.0}], ids=["skipped search", "malformed"])
def test_result_without_a_search_is_rejected(tmp_path, content):
    path = tmp_path / "best.json"
    if content is None:
        write_no_best(path)
    else:
        path.write_text(json.dumps(content))
    with pytest.raises(ParamsError, match=r"run `dvc repro tune`"):
        read_best(path, fingerprint="now")
