"""From rebalanced rows to the tuned head: cached features, the search, and results that `train` refuses."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.tables import SPLIT, TRAIN, read_table, write_table
from agelens.pipeline.search.head_factory import head_factory
from agelens.pipeline.stages import cache_features, calibrate, train, tune
from agelens.pipeline.training_data.head_data import read_head_data
from tests.pipeline.small_project import CUT, SmallProject


def names_in(view: Path) -> set[str]:
    with np.load(view) as arrays:
        return {key.partition("#")[0] for key in arrays["key"].tolist()}


def phase1(**changes: Any) -> dict[str, Any]:
    """Return settings of a first phase of one epoch."""
    return {"epochs": 1, "batch_size": 4, "learning_rate": 0.001, **changes}


def test_features_are_of_the_rebalanced_training_rows_and_the_validation_rows(project: SmallProject) -> None:
    cache_features.run(project.params(), project.paths)
    train_rows = set(read_table(project.paths.train, TRAIN)["image_id"])
    val_rows = set(read_table(project.paths.split_val, SPLIT)["image_id"])
    found = {path.name: names_in(path) for path in (project.paths.features / "train").glob("view_*.npz")}
    assert found == {"view_0.npz": train_rows, "view_1.npz": train_rows, "view_2.npz": train_rows}
    assert names_in(project.paths.features / "val/view_0.npz") == val_rows
    assert f"train/{CUT}" not in train_rows


def test_features_of_dropped_views_are_removed(project: SmallProject) -> None:
    cache_features.run(project.params(cache_features={"views": 4}), project.paths)
    cache_features.run(project.params(cache_features={"views": 3}), project.paths)
    assert len(list((project.paths.features / "train").glob("view_*.npz"))) == 3


def test_heads_of_a_search_are_trained_by_their_own_schedule_or_by_that_of_phase_1(project: SmallProject) -> None:
    params, paths = project.params(), project.paths
    cache_features.run(params, paths)
    factory = head_factory(params, read_head_data(params, paths))
    assert params.train.phase1.schedule == "plateau"
    assert [type(callback) for callback in factory.callbacks({})] == [keras.callbacks.ReduceLROnPlateau]
    assert factory.callbacks({"schedule": "cosine"}) == []
    rates = []
    for schedule in ("constant", "plateau", "cosine"):
        head = factory.build({"schedule": schedule, "learning_rate": 0.01}, 2)
        factory.fit(head, {"schedule": schedule}, seed=1, on_epoch_end=lambda _: None, epochs=2, verbose=0)
        rates.append(float(head.optimizer.learning_rate))
    assert rates == pytest.approx([0.01, 0.01, 0.0001])


SOUND = {"low": 0.005, "high": 0.02, "log": True}
TOO_HIGH = 10.0
"""A learning rate with which a linear head never predicts an age."""


@pytest.mark.slow
def test_train_uses_a_search_until_its_rows_change(project: SmallProject) -> None:
    params = project.params(
        model={"age_head": "linear"},
        tune={"space": {"units": [4, 8], "age_head": ["distribution"], "learning_rate": SOUND}},
        train={"phase1": phase1(learning_rate=TOO_HIGH)},
    )
    paths = project.paths
    cache_features.run(params, paths)
    (paths.tune_state / "search_older").mkdir(parents=True)
    tune.run(params, paths)
    train.run(params, paths)
    best = json.loads(paths.best_settings.read_text())
    trained = json.loads((paths.train_report / "training.json").read_text())
    assert [path.name for path in paths.tune_state.iterdir()] == [f"search_{best['fingerprint']}"]
    assert best["winner"] == "tuned"
    assert trained["head"]["units"] == best["settings"]["units"] != params.model.units
    assert trained["head"]["age_head"] == "distribution" != params.model.age_head
    assert {path.name for path in paths.tune_report.iterdir()} == {
        "best.json",
        "curves.csv",
        "importance.csv",
        "recipe.json",
        "retrained.csv",
        "retrained_seeds.csv",
        "search.json",
        "trials.csv",
    }
    recipe = json.loads(paths.recipe.read_text())
    assert recipe["head"] == trained["head"] | {"attributes": []}
    assert recipe["learning_rate"] == best["settings"]["learning_rate"] * params.train.phase1.lr_factor
    project.relabel()
    with pytest.raises(ParamsError, match=r"a search with other rows.*run `dvc repro tune`"):
        train.run(params, paths)


@pytest.mark.slow
def test_train_uses_the_settings_of_params_if_they_won_the_search(
    project: SmallProject, capfd: pytest.CaptureFixture[str]
) -> None:
    space = {"units": [4], "age_head": ["linear"], "learning_rate": [TOO_HIGH]}
    params, paths = project.params(tune={"space": space, "retrain": {"top": 1, "seeds": 1}}), project.paths
    cache_features.run(params, paths)
    tune.run(params, paths)
    best = json.loads(paths.best_settings.read_text())
    assert best["settings"] == {"units": 4, "age_head": "linear", "learning_rate": TOO_HIGH}
    assert (best["winner"], best["seeds"], best["sd"], best["untuned_sd"]) == ("untuned", 1, None, None)
    lead = best["val_age_mae"] - best["untuned_val_age_mae"]
    assert lead > 1
    train.run(params, paths)
    trained = json.loads((paths.train_report / "training.json").read_text())
    assert (trained["head"]["units"], trained["head"]["age_head"]) == (params.model.units, "distribution")
    history = pd.read_csv(paths.train_report / "history.csv")
    assert history["learning_rate"].max() == pytest.approx(params.train.phase1.learning_rate)
    said = " ".join(capfd.readouterr().err.split())
    verdict = f"untuned head won by {lead:.3f} years; with one seed (tune.retrain.seeds) nothing is known"
    assert said.count(verdict) == 2  # at the end of the search, and in the training


@pytest.mark.parametrize("stage", [tune, train, calibrate], ids=["tune", "train", "calibrate"])
def test_validation_rows_without_an_exact_age_are_refused(project: SmallProject, stage: Any) -> None:
    params, paths = project.params(), project.paths
    val = read_table(paths.split_val, SPLIT)
    write_table(paths.split_val, val.assign(age_high=val["age_high"] + 5), SPLIT)
    with pytest.raises(DataError, match="rows with an exact age"):
        stage.run(params, paths)
