"""The saved workspace, made by the library itself against a stand-in for W&B's server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agelens.pipeline.tracking.workspace import BANDS, CHARTS, CURVES, FIGURES, SHEETS, TABLES
from tests.pipeline.tracking.wandb_file import run_offline
from tests.pipeline.tracking.wandb_server import WandbServer, running_server

JOB = """
from pathlib import Path
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.workspace import save_workspace
print(save_workspace(Paths(Path())))
"""
OURS = ["Training", "Evaluation", "Calibration", "Data", "Search"]


@pytest.fixture
def server() -> Iterator[WandbServer]:
    with running_server() as running:
        yield running


def save(server: WandbServer, folder: Path) -> str:
    """Save the workspace of a project in a process of its own; return what is printed."""
    return run_offline(JOB, folder, WANDB_MODE="online", WANDB_BASE_URL=server.address, WANDB_API_KEY="k" * 40).strip()


def spec_of(view: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(view["spec"])
    return content


def sections_of(view: dict[str, Any]) -> list[dict[str, Any]]:
    sections: list[dict[str, Any]] = spec_of(view)["section"]["panelBankConfig"]["sections"]
    return sections


def names_of(view: dict[str, Any]) -> list[str]:
    return [section["name"] for section in sections_of(view) if section["panels"]]


def test_a_workspace_has_a_panel_for_each_figure_table_and_chart(server: WandbServer, tmp_path: Path) -> None:
    address = save(server, tmp_path)
    ((name, view),) = server.views.items()
    assert address == f"{server.address}/lab/agelens?nw={name.replace('nw-', '').replace('-v', '')}"
    assert (view["entityName"], view["projectName"], view["displayName"]) == ("lab", "agelens", "agelens")
    assert names_of(view) == OURS
    panels = {section["name"]: section["panels"] for section in sections_of(view)}
    lines = [panel["config"] for panel in panels["Training"]]
    assert [set(line["metrics"]) for line in lines] == [*map(set, CURVES.values()), set(BANDS)]
    assert {line["xAxis"] for line in lines} == {"epoch"}
    for section in OURS[1:]:
        content = json.dumps(panels[section])
        charts = [f"{key}_table" for key, *_ in CHARTS.get(section, ())]
        for key in (*FIGURES[section], *TABLES[section], *SHEETS.get(section, ()), *charts):
            assert json.dumps(key) in content, key
    (runs,) = spec_of(view)["section"]["runSets"]
    assert [each["name"] for each in runs["grouping"]] == ["group", "jobType"]


def test_it_is_updated_and_keeps_the_sections_of_its_user(server: WandbServer, tmp_path: Path) -> None:
    address = save(server, tmp_path)
    (view,) = server.views.values()
    spec = spec_of(view)
    sections = spec["section"]["panelBankConfig"]["sections"]
    mine = {**sections[0], "name": "Mine"}
    spec["section"]["panelBankConfig"]["sections"] = [mine, {**sections[0], "panels": sections[0]["panels"][:1]}]
    spec["section"]["runSets"][0]["search"] = {"query": "lite0", "isRegex": True}
    view["spec"] = json.dumps(spec)
    assert save(server, tmp_path) == address
    ((_, updated),) = server.views.items()
    assert updated["id"] == view["id"]
    assert names_of(updated) == [*OURS, "Mine"]
    assert len(sections_of(updated)[0]["panels"]) == len(CURVES) + 1
    assert spec_of(updated)["section"]["runSets"][0]["search"]["query"] == "lite0"


def test_a_deleted_workspace_is_created_again(server: WandbServer, tmp_path: Path) -> None:
    address = save(server, tmp_path)
    server.views.clear()
    assert save(server, tmp_path) != address
    assert len(server.views) == 1


def test_a_refusal_of_the_server_is_one_line(server: WandbServer, tmp_path: Path) -> None:
    server.refusal = "permission [denied]"
    assert save(server, tmp_path) == "None"
    assert not (tmp_path / "data/.tracking/workspace.json").exists()
