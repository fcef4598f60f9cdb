"""From rebalanced rows to the tuned head: what is extracted, what names a search, and when one is refused."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from data_prep.errors import DataError, ParamsError
from data_prep.tables import SPLIT, TRAIN, read_table, write_table
from pipeline.params import Params, read_params
from pipeline.paths import Paths
from pipeline.stages import cache_features, calibrate, train, tune
from tests.factories import split_rows
from tests.models.small_networks import SIZE, write_ages

ROOT = Path(__file__).resolve().parents[2]
AGES = [5.0, 20.0, 35.0, 50.0, 70.0, 90.0]
CUT = "made/00005.jpg"
"""A row of the train split that `rebalance` left out."""


@dataclass(frozen=True)
class SmallProject:
    """A folder in which rows are split and rebalanced, and nothing is known about their faces."""

    root: Path

    @property
    def paths(self) -> Paths:
        return Paths(self.root)

    def params(self, **changes: dict[str, Any]) -> Params:
        """Return settings for the smallest network and search; `changes` go into sections."""
        content: dict[str, Any] = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
        content["crop_faces"]["size"] = SIZE
        content["model"] |= {"backbone": "tiny", "weights": "none"}
        space = {"units": [4, 8], "age_head": ["linear"], "learning_rate": {"low": 0.005, "high": 0.02, "log": True}}
        content["tune"] |= {"max_epochs": 2, "batch_size": 4, "retrain": {"top": 2, "seeds": 2}, "space": space}
        content["train"]["phase1"] |= {"epochs": 1, "batch_size": 4}
        content["train"]["phase2"] |= {"epochs": 1, "batch_size": 4, "views": 3, "unfreeze": "block3"}
        for section, values in changes.items():
            content[section] |= values
        (self.root / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return read_params(self.root / "params.yaml")

    def relabel(self) -> None:
        """Give two training rows each other's age."""
        table = read_table(self.paths.train, TRAIN)
        labels = ["age_low", "age_high", "age", "age_group"]
        table.loc[[0, 1], labels] = table.loc[[1, 0], labels].to_numpy()
        table["age_group"] = table["age_group"].astype("int64")
        write_table(self.paths.train, table, TRAIN)


def rows_of(split: str, ages: list[float]) -> pd.DataFrame:
    table = split_rows(len(ages), ages=ages)
    return table.assign(crop=[f"{split}/{index:03d}.jpg" for index in range(len(ages))])


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    made = SmallProject(tmp_path)
    paths = made.paths
    for split, path in (("train", paths.split_train), ("val", paths.split_val)):
        (paths.crops / split).mkdir(parents=True)
        write_ages(paths.crops / split, AGES)
        write_table(path, rows_of(split, AGES).assign(image_id=lambda t, s=split: s + "/" + t["image_id"]), SPLIT)
    split = read_table(paths.split_train, SPLIT)
    kept = split[split["image_id"] != f"train/{CUT}"]
    write_table(paths.train, kept.assign(copies=1, weight=1.0), TRAIN)
    return made


def names_in(view: Path) -> set[str]:
    with np.load(view) as arrays:
        return {key.partition("#")[0] for key in arrays["key"].tolist()}


def test_features_are_of_the_rows_that_heads_learn_from(project: SmallProject) -> None:
    cache_features.run(project.params(), project.paths)
    train_rows = set(read_table(project.paths.train, TRAIN)["image_id"])
    val_rows = set(read_table(project.paths.split_val, SPLIT)["image_id"])
    found = {path.name: names_in(path) for path in project.paths.features.glob("view_*.npz")}
    assert found == {"view_0.npz": train_rows | val_rows, "view_1.npz": train_rows, "view_2.npz": train_rows}
    assert f"train/{CUT}" not in train_rows


def test_features_of_views_that_are_no_longer_wanted_are_removed(project: SmallProject) -> None:
    cache_features.run(project.params(cache_features={"views": 4}), project.paths)
    cache_features.run(project.params(cache_features={"views": 3}), project.paths)
    assert len(list(project.paths.features.glob("view_*.npz"))) == 3


@pytest.mark.slow
def test_a_search_is_taken_by_train_until_its_rows_change(project: SmallProject) -> None:
    params, paths = project.params(), project.paths
    cache_features.run(params, paths)
    (paths.tune_state / "search_older").mkdir(parents=True)
    tune.run(params, paths)
    train.run(params, paths)
    best = json.loads(paths.best_head.read_text())
    trained = json.loads((paths.train_report / "training.json").read_text())
    assert [path.name for path in paths.tune_state.iterdir()] == [f"search_{best['fingerprint']}"]
    assert trained["head"]["units"] == best["settings"]["units"] != params.model.units
    assert trained["head"]["age_head"] == "linear" != params.model.age_head
    assert {path.name for path in paths.tune_report.iterdir()} == {
        "best.json",
        "importance.png",
        "retrained.csv",
        "trials.csv",
        "trials.html",
        "trials.png",
    }
    project.relabel()
    with pytest.raises(ParamsError, match=r"found on other rows.*run `dvc repro tune`"):
        train.run(params, paths)


@pytest.mark.parametrize("stage", [tune, train, calibrate], ids=["tune", "train", "calibrate"])
def test_validation_rows_without_an_exact_age_are_refused(project: SmallProject, stage: Any) -> None:
    params, paths = project.params(), project.paths
    val = read_table(paths.split_val, SPLIT)
    write_table(paths.split_val, val.assign(age_high=val["age_high"] + 5), SPLIT)
    with pytest.raises(DataError, match="rows whose age is exact"):
        stage.run(params, paths)
