"""A project of a few rows with crops of one colour, on which stages run in seconds."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from agelens.data_prep.core.tables import SPLIT, TRAIN, read_table, write_table
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.paths import Paths
from tests.factories import split_rows
from tests.locations import ROOT
from tests.models.small_networks import SIZE, write_ages

AGES = [5.0, 20.0, 35.0, 50.0, 70.0, 90.0]
CUT = "made/00005.jpg"
"""A row of the train split that `rebalance` left out."""


@dataclass(frozen=True)
class SmallProject:
    """A project with split and rebalanced rows, and no features yet."""

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

    def command(self, *words: str, **environment: str) -> "subprocess.Popen[str]":
        """Start `agelens` in the project."""
        return subprocess.Popen(
            [sys.executable, "-m", "agelens", *words],
            cwd=self.root,
            env={**os.environ, "WANDB_MODE": "disabled", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def relabel(self) -> None:
        """Swap the labels of two training rows."""
        table = read_table(self.paths.train, TRAIN)
        labels = ["age_low", "age_high", "age", "age_group"]
        table.loc[[0, 1], labels] = table.loc[[1, 0], labels].to_numpy()
        table["age_group"] = table["age_group"].astype("int64")
        write_table(self.paths.train, table, TRAIN)


def rows_of(split: str, ages: list[float]) -> pd.DataFrame:
    table = split_rows(len(ages), ages=ages)
    return table.assign(crop=[f"{split}/{index:03d}.jpg" for index in range(len(ages))])


def make_small_project(root: Path) -> SmallProject:
    """Write the tables of a few split and rebalanced rows, and their crops, into a folder."""
    made = SmallProject(root)
    paths = made.paths
    for split, path in (("train", paths.split_train), ("val", paths.split_val)):
        (paths.crops / split).mkdir(parents=True)
        write_ages(paths.crops / split, AGES)
        write_table(path, rows_of(split, AGES).assign(image_id=lambda t, s=split: s + "/" + t["image_id"]), SPLIT)
    split = read_table(paths.split_train, SPLIT)
    kept = split[split["image_id"] != f"train/{CUT}"]
    write_table(paths.train, kept.assign(copies=1, weight=1.0), TRAIN)
    return made
