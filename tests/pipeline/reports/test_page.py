"""Pages are one file, draw their charts without a network, forbid everything else, and are accessible."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest

from agelens.pipeline.reports.charts import BLUE, chart_png, page_spec
from agelens.pipeline.reports.page import PageChart, write_page
from tests.chromium import chromium, open_page, violations
from tests.locations import ROOT

VALUES = pd.DataFrame({"epoch": [1, 2, 3], "mae": [9.0, 7.5, 7.25]})


def curve() -> alt.Chart:
    return alt.Chart(VALUES).mark_line(point=True, color=BLUE).encode(x="epoch:Q", y="mae:Q", tooltip=["mae:Q"])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page of one chart, from a template that is written here."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    chart = PageChart("Error by epoch, years", "Lower is <better>.", curve(), VALUES, ("count", "years"))
    write_page(
        path, "test_page.html.j2", {"name": "A <page>"}, charts={"curve": chart}, package="tests.pipeline.reports"
    )
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def test_a_page_escapes_texts_and_shows_the_numbers_of_a_chart(path: Path) -> None:
    source = path.read_text()
    assert "<h1>A &lt;page&gt;</h1>" in source
    assert "Lower is &lt;better&gt;." in source
    assert '<th scope="row">3</th><td>7.25</td>' in source


def test_a_page_has_a_policy_that_allows_its_one_script_only(path: Path) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', path.read_text())
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-")
    assert "unsafe-eval" not in policy[1]
    assert path.stat().st_size < 1_200_000


def test_every_page_has_a_policy_without_other_hosts() -> None:
    files = [*(ROOT / "pipeline").rglob("*.html.j2"), ROOT / ".dvc/plots_page.html"]
    pages = {file: content for file in files if "<!DOCTYPE html>" in (content := file.read_text(encoding="utf-8"))}
    assert {file.name for file in pages} == {"page.html.j2", "crops.html.j2", "plots_page.html"}
    for content in pages.values():
        policy = re.search(r'Content-Security-Policy" content="(default-src \'none\'; [^"]+)">', content)
        assert policy
        assert "*" not in policy[1]
        assert "http" not in policy[1]
    extending = [file for file in files if file not in pages and "macros" not in file.name]
    assert all(file.read_text(encoding="utf-8").startswith('{% extends "page.html.j2" %}') for file in extending)


@pytest.mark.parametrize("width", [390, 1440])
def test_a_page_draws_its_charts_and_asks_for_nothing(browser: Any, path: Path, width: int) -> None:
    opened = open_page(browser, path, width=width)
    assert (opened.requests, opened.messages) == ([], [])
    assert opened.page.locator("figure.chart svg").count() == 1
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_point_of_a_chart_shows_its_values(browser: Any, path: Path) -> None:
    page = open_page(browser, path).page
    page.locator("figure.chart .mark-symbol path").nth(1).hover()
    assert page.locator("#vg-tooltip-element").inner_text().split() == ["mae", "7.5"]


def test_a_script_that_somebody_adds_does_not_run(browser: Any, path: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.html"
    changed.write_text(path.read_text().replace("<h1>", "<script>document.title = 'ran'</script><h1>"))
    opened = open_page(browser, changed)
    assert opened.page.title() == "Test"
    assert "Content Security Policy" in " ".join(opened.messages)


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_fault(browser: Any, path: Path, dark: bool) -> None:
    assert violations(open_page(browser, path, dark=dark)) == []


def test_axe_notices_a_fault(browser: Any, path: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.html"
    changed.write_text(path.read_text().replace("<h1>", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><h1>"))
    assert any(found.startswith("image-alt") for found in violations(open_page(browser, changed)))


def test_a_chart_is_as_wide_as_its_container_unless_it_is_composed() -> None:
    assert page_spec(curve(), description="d")["width"] == "container"
    composed = page_spec(alt.hconcat(curve(), curve()), description="d")
    assert "width" not in composed
    assert json.dumps(composed).count('"$schema"') == 0


def test_equal_charts_are_equal_images() -> None:
    first, second = chart_png(curve(), "Error"), chart_png(curve(), "Error")
    assert first == second
    assert first.startswith(b"\x89PNG")
