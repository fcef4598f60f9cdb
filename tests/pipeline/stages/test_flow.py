"""The whole pipeline on drawn faces: every photograph is accounted for, and the model learns from faces."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from agelens.data_prep.core.age_bands import band_names
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import (
    FACES,
    GROUPED,
    MANIFEST,
    PREDICTIONS,
    REJECTED,
    SPLIT,
    TRAIN,
    read_table,
    write_table,
)
from agelens.data_prep.synthetic.collection import write_synthetic
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.config.lineage import mixed_states
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.prediction.predict import predict_files
from agelens.pipeline.stages import STAGES
from agelens.pipeline.tracking import workspace
from tests.locations import ROOT
from tests.pipeline.tracking.fake_wandb import FakeRun, use_fake_wandb

pytestmark = pytest.mark.slow

TRACKED = ["crop_faces", "split", "tune", "train", "calibrate", "evaluate", "eda", "report", "export"]
"""Stages with a W&B run."""


@dataclass(frozen=True)
class Project:
    """A project folder in which every stage has been run, with the W&B runs of that."""

    params: Params
    paths: Paths
    runs: list[FakeRun]

    def run(self, *stages: str) -> None:
        for stage in stages:
            import_module(f"agelens.pipeline.stages.{stage}").run(self.params, self.paths)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Run all stages on 300 drawn portraits with the parameters of the demo, fewer epochs and a smaller search."""
    patch = pytest.MonkeyPatch()
    patch.setenv("WANDB_MODE", "offline")
    wandb = use_fake_wandb(patch)
    root = tmp_path_factory.mktemp("project")
    write_synthetic(root / "raw", count=300, seed=3, size=224)
    content: dict[str, Any] = yaml.safe_load((ROOT / "params/demo.yaml").read_text())
    content["sources"] = {"synthetic": {"path": str(root / "raw")}}
    content["cache_features"]["views"] = 3
    content["model"]["attributes"] = ["gender", "ethnicity"]  # drawn faces have a gender, and none an ethnicity
    content["loss"]["attribute_weights"]["gender"] = 1.0
    content["tune"] |= {"max_epochs": 2, "retrain": {"top": 1, "seeds": 1}, "space": {"units": [64, 128]}}
    content["train"]["phase1"] |= {"epochs": 10, "batch_size": 32}
    content["train"]["phase2"] |= {"epochs": 2, "views": 4, "unfreeze": "block6a_expand_conv"}
    (root / "params.yaml").write_text(yaml.safe_dump(content))
    made = Project(read_params(root / "params.yaml"), Paths(root), wandb.runs)
    made.run(*STAGES)
    patch.setenv("WANDB_MODE", "disabled")
    yield made
    patch.undo()


def test_every_row_read_is_kept_or_rejected_with_a_reason(project: Project) -> None:
    paths = project.paths
    labels = pd.read_csv(project.params.sources["synthetic"].path / "labels.csv")
    manifest, unlabelled = read_table(paths.manifest, MANIFEST), read_table(paths.manifest_rejected, REJECTED)
    faces, faceless = read_table(paths.faces, FACES), read_table(paths.faces_rejected, REJECTED)
    grouped, twice = read_table(paths.grouped, GROUPED), read_table(paths.grouped_rejected, REJECTED)
    splits = [read_table(path, SPLIT) for path in (paths.split_train, paths.split_val, paths.split_test)]
    assert len(labels) == len(manifest) + len(unlabelled)
    assert len(manifest) == len(faces) + len(faceless)
    assert len(faces) == len(grouped) + len(twice)
    assert len(grouped) == sum(len(split) for split in splits)
    assert {"empty_file", "truncated", "not_an_image"} <= set(faceless["reason"])
    assert {"duplicate", "label_conflict"} <= set(twice["reason"])


def test_no_group_is_in_two_splits(project: Project) -> None:
    paths = project.paths
    groups = [set(read_table(path, SPLIT)["group"]) for path in (paths.split_train, paths.split_val, paths.split_test)]
    assert all(first.isdisjoint(second) for i, first in enumerate(groups) for second in groups[i + 1 :])


def test_the_error_is_less_than_half_of_the_median_baseline(project: Project) -> None:
    metrics = json.loads(project.paths.overall.read_text())
    assert metrics["mae"] <= metrics["median_baseline_mae"] / 2


def test_gender_is_learnt_and_evaluated_and_an_unlabelled_ethnicity_is_not(project: Project) -> None:
    metrics = json.loads(project.paths.overall.read_text())
    assert metrics["gender_accuracy"] > 0.6  # of 29 drawn faces, which show it only by hair and beard
    slices = pd.read_csv(project.paths.slices).set_index(["slice", "value"])
    assert slices.loc[("source", "synthetic"), "gender_accuracy"] == metrics["gender_accuracy"]
    assert metrics["ethnicity_accuracy"] is None
    card = json.loads((project.paths.exported / "model.json").read_text())
    assert card["attributes"] == {"gender": ["female", "male"]}
    assert card["test_metrics"]["gender_accuracy"] == metrics["gender_accuracy"]


def test_the_exported_model_predicts_for_raw_photographs_what_the_evaluation_did(project: Project) -> None:
    predictions = read_table(project.paths.predictions, PREDICTIONS).set_index("image_id")
    test = read_table(project.paths.split_test, SPLIT)
    found = test[test["found"] == "detector"]
    results = predict_files(
        AgePredictor.load(project.paths.exported), [Path(path) for path in found["path"]], largest=True
    )
    served = np.array([result.faces[0].age for result in results])
    close = np.abs(served - predictions.loc[found["image_id"], "age"].to_numpy()) <= 0.5
    assert close.mean() >= 0.99


def test_intervals_contain_the_age_and_every_band_is_counted(project: Project) -> None:
    predictions = read_table(project.paths.predictions, PREDICTIONS)
    assert predictions["age"].between(predictions["age_low"], predictions["age_high"]).all()
    calibration = json.loads(project.paths.calibration.read_text())
    card = json.loads((project.paths.exported / "model.json").read_text())
    assert card["calibration"] == {name: value for name, value in calibration.items() if name != "lineage"}
    assert calibration["shares"]
    metrics = json.loads(project.paths.overall.read_text())
    slices = pd.read_csv(project.paths.slices)
    assert slices.loc[slices["slice"] == "true_age", "exact_rows"].sum() == metrics["exact_rows"]


def test_results_of_another_network_are_refused(project: Project) -> None:
    paths = project.paths
    assert mixed_states(paths) == []
    trained = paths.age_net.read_bytes()
    paths.age_net.write_bytes(b"of another run")
    try:
        assert len(mixed_states(paths)) == 5
        for stage in ("calibrate", "evaluate", "export"):
            with pytest.raises(DataError, match=r"was made with another .*; run `dvc repro (train|calibrate)`\.$"):
                project.run(stage)
    finally:
        paths.age_net.write_bytes(trained)


def test_runs_are_compared_by_few_numbers(project: Project) -> None:
    metrics, overall = (json.loads(path.read_text()) for path in (project.paths.metrics, project.paths.overall))
    assert len(metrics) <= 12
    assert all(isinstance(value, float) for value in metrics.values())
    assert [metrics[name] for name in ("mae", "cs5", "coverage")] == [overall[n] for n in ("mae", "cs5", "coverage")]


def test_faces_of_train_are_recognised_and_those_of_test_are_not(project: Project) -> None:
    predictor = AgePredictor.load(project.paths.exported)
    train, test = (read_table(path, SPLIT) for path in (project.paths.split_train, project.paths.split_test))
    shares = {}
    for name, table in {"train": train, "test": test}.items():
        rows = table[table["found"] == "detector"].head(30)
        results = predict_files(predictor, [Path(path) for path in rows["path"]], largest=True)
        shares[name] = np.mean([result.faces[0].trained_on for result in results])
    assert shares["train"] > 0.9
    assert shares["test"] == 0


def test_the_report_is_one_file_with_the_metrics(project: Project) -> None:
    report = (project.paths.report / "report.html").read_text()
    assert f"{json.loads(project.paths.overall.read_text())['mae']:.2f}" in report
    assert 'src="http' not in report
    assert {"search.html", "trials.png", "history.png"} < {path.name for path in project.paths.report.iterdir()}


def test_the_history_has_both_phases_on_one_axis(project: Project) -> None:
    history = pd.read_csv(project.paths.train_report / "history.csv")
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))
    assert history["phase"].tolist() == sorted(history["phase"])
    assert set(history["phase"]) == {1, 2}
    assert history["val_age_cs5"].between(0, 1).all()
    (epochs,) = ([values for values, _ in run.logged] for run in project.runs if run.options["job_type"] == "train")
    assert [values["epoch"] for values in epochs] == history["epoch"].tolist()
    assert [set(values) for values in epochs] == [set(history.columns)] * len(history)


def test_the_history_has_the_error_of_each_band_of_validation(project: Project) -> None:
    history = pd.read_csv(project.paths.train_report / "history.csv")
    val = read_table(project.paths.split_val, SPLIT)
    faces = pd.Series(band_names(val["age"])).value_counts()  # every age of drawn faces is exact
    bands = history[[f"val_mae/{band}" for band in faces.index]]
    assert {name for name in history if name.startswith("val_mae/")} == set(bands)
    weighted = (bands.to_numpy() * faces.to_numpy()).sum(axis=1) / len(val)
    np.testing.assert_allclose(weighted, history["val_age_mae"], rtol=1e-4)


def test_stages_are_runs_of_one_group_that_show_what_their_files_hold(project: Project) -> None:
    paths, runs = project.paths, [run for run in project.runs if run.options["job_type"] != "trial"]
    assert [run.options["job_type"] for run in runs] == TRACKED
    assert len({run.options["group"] for run in project.runs}) == 1
    assert {code for run in project.runs for code in run.exit_codes} == {0}
    summary = {name: value for run in runs for name, value in run.summary.items()}
    overall = json.loads(paths.overall.read_text())
    assert summary["crops/faces"] == len(read_table(paths.faces, FACES))
    assert summary["eda/rows/rebalance"] == len(read_table(paths.train, TRAIN))
    assert summary["test/mae"] == overall["mae"]
    assert summary["calibration/temperature"] == json.loads(paths.calibration.read_text())["temperature"]
    assert summary["export/megabytes"] > 1
    logged = {name for run in runs for values, _ in run.logged for name in values}
    assert {"crops/contact sheet", "test/rows", "calibration/coverage by source", "eda/flow"} <= logged


def test_panels_of_the_workspace_show_what_runs_have(project: Project) -> None:
    summary = {name for run in project.runs for name in run.summary}
    logged = {name for run in project.runs for values, _ in run.logged for name in values}
    assert {name for keys in workspace.FIGURES.values() for name in keys} <= summary
    assert {name for keys in workspace.CURVES.values() for name in keys} <= logged
    assert {name for name in logged if name.startswith("val_mae/")} <= set(workspace.BANDS)
    shown = [*workspace.TABLES.values(), *workspace.SHEETS.values()]
    charts = {key for each in workspace.CHARTS.values() for key, *_ in each}
    assert charts | {name for keys in shown for name in keys} <= logged
    assert set(workspace.COLUMNS) <= summary


def test_nothing_is_learnt_from_shuffled_labels(project: Project) -> None:
    """The error above is learnt from faces: with the ages shuffled among them, it is not reached."""
    paths = project.paths
    train, val = read_table(paths.train, TRAIN), read_table(paths.split_val, SPLIT)
    replaced = (paths.train, paths.split_val, paths.overall, paths.metrics, paths.slices)
    kept = {path: path.read_bytes() for path in replaced}
    write_table(paths.train, _with_shuffled_labels(train), TRAIN)
    write_table(paths.split_val, _with_shuffled_labels(val), SPLIT)
    try:
        project.run("tune", "train", "calibrate", "evaluate")
        metrics = json.loads(paths.overall.read_text())
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert metrics["mae"] > metrics["median_baseline_mae"] / 2


def _with_shuffled_labels(table: pd.DataFrame) -> pd.DataFrame:
    order = np.random.default_rng(0).permutation(len(table))
    labels = table[["age_low", "age_high", "age", "age_group"]].iloc[order].reset_index(drop=True)
    return table.assign(**{name: labels[name] for name in labels})
