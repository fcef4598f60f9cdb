"""The page of the exploration: every number is that of its file, faces only if asked, charts in a browser."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from agelens.pipeline.config.paths import Paths
from agelens.pipeline.reports.numbers import Kind, format_number
from agelens.pipeline.stages import eda
from tests.chromium import chromium, open_page, violations
from tests.pipeline.small_exploration import SIZE, SOURCES, write_rows
from tests.pipeline.small_project import SmallProject

NUMBER = re.compile(r'<data value="([^"]*)" data-from="([^"]*)">([^<]*)</data>')
KINDS: tuple[Kind, ...] = ("count", "years", "years1", "share", "number")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Return the files of a project with two sources on which the stage has been run."""
    project = SmallProject(tmp_path_factory.mktemp("explored"))
    write_rows(project.paths)
    eda.run(project.params(crop_faces={"size": SIZE}, sources=SOURCES), project.paths)
    return project.paths


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def stored(paths: Paths, origin: str) -> float:
    """Return the value that a number of the page names as its origin."""
    file, _, place = origin.replace("#", ":", 1).partition(":")
    if file == "summary.json":
        value = json.loads(paths.eda_summary.read_text())
        for key in place.replace(":", ".").split("."):
            value = value[key]
        return float(value)
    row, _, column = place.partition(":")
    table = pd.read_csv(paths.eda_summary.parent / file)
    return float(table[column].iloc[int(row)])


def test_every_number_of_the_page_is_that_of_its_file(paths: Paths) -> None:
    found = NUMBER.findall(paths.eda_page.read_text(encoding="utf-8"))
    assert len(found) > 400
    files = {origin.partition(":")[0].partition("#")[0] for _, origin, _ in found}
    tables = ("flow", "attributes", "splits", "measures", "flags", "photos")
    assert files == {"summary.json", *(f"tables/{name}.csv" for name in tables)}
    for value, origin, shown in found:
        assert float(value) == pytest.approx(stored(paths, origin)), origin
        assert shown in {format_number(float(value), kind) for kind in KINDS}, origin


def test_a_page_of_several_sources_shows_their_sum_first(paths: Paths) -> None:
    source = paths.eda_page.read_text(encoding="utf-8")
    table = source.partition("<caption>Ages by source</caption>")[2].partition("</table>")[0]
    assert re.findall(r'<th scope="row">\s*([^<\n]+?)\s*</th>', table) == ["all sources", "mine", "synthetic"]
    assert "100.0 %</data> of the photographs have no label of ethnicity." in source


def test_faces_are_on_the_page_only_if_they_are_asked_for(paths: Paths, project: SmallProject) -> None:
    assert paths.eda_page.read_text(encoding="utf-8").count("data:image/jpeg") == 8
    write_rows(project.paths)
    settings = {"crop_faces": {"size": SIZE}, "sources": SOURCES, "eda": {"show_faces": False}}
    eda.run(project.params(**settings), project.paths)
    page = project.paths.eda_page.read_text(encoding="utf-8")
    assert "data:image" not in page
    assert "Sample faces" not in page


@pytest.mark.parametrize("width", [390, 1440])
def test_charts_are_drawn_without_a_network(browser: Any, paths: Paths, width: int) -> None:
    opened = open_page(browser, paths.eda_page, width=width)
    assert (opened.requests, opened.messages) == ([], [])
    figures = opened.page.locator("figure.chart").count()
    assert figures > 12
    assert opened.page.locator("figure.chart svg").count() == figures
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_fault(browser: Any, paths: Paths, dark: bool) -> None:
    assert violations(open_page(browser, paths.eda_page, dark=dark)) == []


def test_a_bar_of_a_chart_shows_its_values(browser: Any, paths: Paths) -> None:
    page = open_page(browser, paths.eda_page).page
    page.locator("#flow .mark-rect path").first.hover()
    assert page.locator("#vg-tooltip-element").inner_text().split() == [
        *("stage", "build_manifest", "reason", "read", "removed", "0", "left", "10"),
    ]
