"""`agelens protocol` on crops of one colour, whose brightness is the age, with the smallest network."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from agelens.data_prep.core.tables import GROUPED, REJECTED, make_table, write_table
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.cross_validation.results import SUMMARY_METRICS, summarise_folds
from tests.factories import grouped_table
from tests.locations import ROOT
from tests.models.small_networks import SIZE, write_ages

ROWS = 60
AGES = [5.0, 20.0, 35.0, 50.0, 70.0, 90.0]

pytestmark = pytest.mark.slow


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """Return a folder in which faces are grouped, the working folder of the command."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    content: dict[str, Any] = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
    content["sources"] = {"made": {"path": "raw", "reader": "table"}, "other": {"path": "raw", "reader": "table"}}
    content["crop_faces"]["size"] = SIZE
    content["cache_features"]["views"] = 3
    content["model"] |= {"backbone": "tiny", "weights": "none", "units": 8}
    content["train"]["phase1"] |= {"epochs": 2, "batch_size": 8}
    content["train"]["phase2"] |= {"epochs": 1, "batch_size": 8, "views": 3, "unfreeze": "block3"}
    content["evaluate"]["resamples"] = 5
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    paths = Paths(folder)
    table = grouped_table(ROWS, ages=AGES, sources=["made", "made", "made", "other"])
    names = [path.name for path in _write_crops(paths.crops, table["age"].tolist())]
    write_table(paths.grouped, table.assign(crop=names), GROUPED)
    for path in (paths.manifest_rejected, paths.faces_rejected, paths.grouped_rejected):
        write_table(path, make_table([], REJECTED), REJECTED)
    return paths


def _write_crops(folder: Path, ages: list[float]) -> list[Path]:
    folder.mkdir(parents=True)
    return write_ages(folder, ages)


def summary_of(paths: Paths, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((paths.protocol_report / name / "summary.json").read_text())
    return content


def test_heads_are_evaluated_on_every_row_of_the_source_once(project, agelens):
    status, out, _ = agelens("protocol", "made", "--folds", "3", "--epochs", "2")
    assert status == 0
    summary = summary_of(project, "made_3_folds_head_2_epochs")
    assert sum(fold["rows"]["test"] for fold in summary["folds"]) == 45
    assert [sum(fold["rows"].values()) for fold in summary["folds"]] == [45] * 3
    assert summary["label"] == "reduced: only a head on frozen features of tiny, 2 epochs"
    figures = summary["figures"]["mae"]
    assert f"MAE {figures['mean']:.2f} ± {figures['sd']:.2f} years" in out
    assert summary["label"] in out


def test_finished_folds_are_not_repeated_until_settings_change(project, agelens):
    words = ("protocol", "made", "--folds", "3", "--epochs", "1")
    assert agelens(*words)[2].count("MAE") == 3
    assert agelens(*words)[2].count("MAE") == 0
    (project.protocol_report / "made_3_folds_head_1_epochs/fold_1.json").unlink()
    assert agelens(*words)[2].count("MAE") == 1
    content = yaml.safe_load(project.params.read_text())
    content["loss"]["sigma"] = 3.0
    project.params.write_text(yaml.safe_dump(content))
    assert agelens(*words)[2].count("MAE") == 3


def test_the_whole_network_is_trained_for_each_fold(project, agelens):
    status, _, _ = agelens("protocol", "made", "--folds", "3", "--scope", "network", "--epochs", "1")
    assert status == 0
    summary = summary_of(project, "made_3_folds_network_1_epochs")
    assert summary["label"] == "full: tiny, 2 epochs of the head, then 1 of the network"
    for fold in summary["folds"]:
        root = project.protocol_state / "made_3_folds_network_1_epochs" / f"fold_{fold['fold']}"
        metrics = json.loads(Paths(root).overall.read_text())
        assert fold["metrics"] == {name: metrics.get(name) for name in SUMMARY_METRICS}
        assert metrics["rows"] == fold["rows"]["test"]
        assert Paths(root).age_net.is_file()
        assert not Paths(root).crops.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("protocol", "utkface"), "There is no source utkface in params.yaml. Sources: made, other."),
        (("protocol", "made", "--scope", "all"), "--scope must be head or network. Received: all."),
        (("protocol", "made", "--by", "age"), "--by must be folds, published, person or source. Received: age."),
        (("protocol",), "--by folds needs a source of params.yaml. Sources: made, other."),
        (
            ("protocol", "made", "--by", "person"),
            "--by person needs a source that names the people in it; made does not name all of them.",
        ),
        (
            ("protocol", "made", "--by", "published"),
            "--by published is for sources of the reader adience. Received: table.",
        ),
        (
            ("protocol", "made", "--by", "person", "--scope", "network"),
            "--scope network trains the folds of --by folds, with --bag 1; use --scope head for the others.",
        ),
    ],
)
def test_an_impossible_protocol_is_one_line(words, message, project, agelens):
    status, _, err = agelens(*words)
    assert (status, err.strip()) == (1, f"agelens: {message}")


def test_means_and_deviations_are_those_of_the_folds():
    folds = [
        {"seconds": 2.0, "metrics": dict.fromkeys(SUMMARY_METRICS, mae) | {"coverage": None}} for mae in (4.0, 5.0, 6.0)
    ]
    summary = summarise_folds(folds, facts={"label": "reduced"})
    assert summary["label"] == "reduced"
    assert summary["figures"]["mae"] == {"mean": 5.0, "sd": 1.0}
    assert "coverage" not in summary["figures"]
    assert summary["seconds"] == 6.0


def test_each_source_is_left_out_in_turn(project, agelens):
    status, out, _ = agelens("protocol", "--by", "source", "--epochs", "1", "--bag", "2")
    assert status == 0
    summary = summary_of(project, "all_leave_one_source_out_head_1_epochs_bag_2")
    assert [fold["name"] for fold in summary["folds"]] == ["made", "other"]
    assert [fold["rows"]["test"] for fold in summary["folds"]] == [45, 15]
    assert summary["pooled"]["rows"] == 60
    assert summary["label"] == "reduced: only 2 heads on frozen features of tiny, 1 epochs"
    assert "all sources, 2 sources: MAE" in out


def test_each_person_is_left_out_in_turn(project, agelens):
    ages = [27.0, 30.0, 33.0, 36.0, 39.0]  # one age group, so that a tenth of it has room for a person
    people = [f"other:{number // 5:02d}" for number in range(ROWS)]
    table = grouped_table(ROWS, ages=ages, sources=["other"], subjects=people, groups=people)
    crops = sorted(path.name for path in project.crops.iterdir())
    write_table(project.grouped, table.assign(crop=crops), GROUPED)
    status, out, _ = agelens("protocol", "other", "--by", "person", "--epochs", "1")
    assert status == 0
    summary = summary_of(project, "other_leave_one_person_out_head_1_epochs")
    assert [fold["name"] for fold in summary["folds"]] == sorted(set(people))
    assert [fold["rows"]["test"] for fold in summary["folds"]] == [5] * 12
    pooled = summary["pooled"]
    assert f"over all faces: MAE {pooled['mae']:.2f} years (95 % interval {pooled['mae_low']:.2f}" in out
