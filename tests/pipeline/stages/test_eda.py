"""The stage `eda` on a small project: its figures, its tables, and tables of different runs."""

import json
from typing import Any

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import FACES, read_table, write_table
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.stages import eda
from tests.pipeline.conftest import Command
from tests.pipeline.small_exploration import SIZE, SOURCES, write_rows
from tests.pipeline.small_project import SmallProject


def run_stage(project: SmallProject, **settings: Any) -> Paths:
    params = project.params(crop_faces={"size": SIZE}, sources=SOURCES, eda=settings)
    eda.run(params, project.paths)
    return project.paths


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Return the files of a project on which the stage has been run."""
    project = SmallProject(tmp_path_factory.mktemp("explored"))
    write_rows(project.paths)
    return run_stage(project)


def table(paths: Paths, name: str) -> pd.DataFrame:
    return pd.read_csv(paths.eda_tables / f"{name}.csv")


def test_figures_are_those_of_the_labelled_photographs(explored: Paths) -> None:
    summary = json.loads(explored.eda_summary.read_text())
    assert summary["all"]["labels"]["rows"] == 9
    assert summary["all"]["age_origin"] == {"apparent": 5, "real": 4}
    assert summary["sources"]["synthetic"]["age_origin"] == {"real": 4}
    assert summary["sources"]["mine"]["labels"]["missing_gender"] == 1.0
    assert summary["sources"]["synthetic"]["ages"]["median"] == 21.0
    assert summary["all"]["duplicates"]["photos"] == 1
    assert summary["all"]["rows"] == {
        "build_manifest": 9,
        "crop_faces": 8,
        "deduplicate": 7,
        "split": 5,
        "rebalance": 5,
    }
    assert summary["balance"]["draws"] == 11


def test_every_removed_row_has_a_stage_and_a_reason(explored: Paths) -> None:
    flow = table(explored, "flow")
    assert flow[flow["source"] == "*"].drop(columns="source").to_numpy().tolist() == [
        ["build_manifest", "read", 0, 10],
        ["build_manifest", "bad_age", 1, 9],
        ["crop_faces", "no_face", 1, 8],
        ["deduplicate", "duplicate", 1, 7],
        ["split", "split test", 1, 6],
        ["split", "split val", 1, 5],
    ]


def test_tables_have_all_sources_and_their_sum(explored: Paths) -> None:
    assert table(explored, "bands").query("slice == 'all'").groupby("source")["rows"].sum().to_dict() == {
        "*": 9,
        "mine": 5,
        "synthetic": 4,
    }
    assert table(explored, "images")["image_id"].nunique() == 8
    assert table(explored, "photos")[["files", "gap"]].to_numpy().tolist() == [[2, 2.0]]


def test_tables_of_different_runs_are_an_error(project: SmallProject) -> None:
    write_rows(project.paths)
    write_table(project.paths.faces, read_table(project.paths.faces, FACES)[1:], FACES)
    with pytest.raises(DataError, match="its tables are of different runs"):
        run_stage(project)


def test_the_command_prints_the_main_figures(project: SmallProject, folder: object, agelens: Command) -> None:
    write_rows(project.paths)
    project.params(crop_faces={"size": SIZE}, sources=SOURCES)
    status, out, _ = agelens("eda")
    assert status == 0
    lines = {line[:30].strip(): line[30:].split() for line in out.splitlines()}
    assert lines["labelled photographs"] == ["9", "5", "4"]
    assert lines["without gender"] == ["55.6%", "100.0%", "0.0%"]
    status, out, _ = agelens("eda", "--json")
    assert json.loads(out) == json.loads(project.paths.eda_summary.read_text())
