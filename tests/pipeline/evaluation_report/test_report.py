"""The report is one file that shows every number as it is in its file, asks for nothing, and is accessible."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.tables import REJECTED, make_table
from agelens.pipeline.evaluation_report.cases import choose_cases
from agelens.pipeline.evaluation_report.comparison import compare
from agelens.pipeline.evaluation_report.report import PreviousRun, Run, draw_charts, write_report
from agelens.pipeline.evaluation_report.results import read_results
from agelens.pipeline.reports.numbers import Kind, format_number
from tests.chromium import chromium, open_page, violations
from tests.locations import ROOT
from tests.models.prediction_tables import GROUPS, predictions_of, simulated
from tests.pipeline.evaluation_report.evaluations import HISTORY, LINEAGE, splits, write_evaluation

KINDS: tuple[Kind, ...] = ("count", "years", "years1", "signed", "share", "points", "number")


class Page(HTMLParser):
    """Collects the text of a page without its scripts, its tags, and its numbers with their origins."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.numbers: list[tuple[float, str, str]] = []
        self._open: list[dict[str, str | None]] = []
        self._hidden = False
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden = tag in {"script", "style"}
        if tag == "data":
            self._open.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag == "data":
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.words += data.split()
        if self._open:
            place = self._open[-1]
            self.numbers.append((float(place["value"] or "nan"), place["data-from"] or "", data))

    @property
    def text(self) -> str:
        return " ".join(self.words)


def page_of(folder: Path, predictions: pd.DataFrame, *, before: pd.DataFrame | None = None, **more: Any) -> Page:
    write_evaluation(folder / "evaluation", predictions, zero_shot=more.pop("zero_shot", None))
    results = read_results(folder / "evaluation")
    rejected = [
        {"image_id": str(i), "source": "set", "path": "p", "reason": reason, "detail": ""}
        for i, reason in enumerate(["truncated", "duplicate", "duplicate"])
    ]
    run = Run("net on set", HISTORY, splits(), {"build_manifest": make_table(rejected, REJECTED)}, LINEAGE)
    run = replace(run, **more.pop("run", {}))
    previous = None
    if before is not None:
        write_evaluation(folder / "before", before)
        old = read_results(folder / "before")
        tables = {"predictions": predictions, "predictions_before": before}
        comparison = compare(results.overall, old.overall, **tables, resamples=20)
        (folder / "comparison.json").write_text(json.dumps(comparison))
        about = LINEAGE | {"params": {"seed": "8", "note": "<b>bold</b>"}}
        previous = PreviousRun(about, old.slices, comparison)
    charts = draw_charts(results, run, GROUPS, previous)
    path = folder / "report.html"
    write_report(path, results=results, run=run, charts=charts, previous=previous, **more)
    return Page(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("full")


@pytest.fixture(scope="module")
def full(folder: Path) -> Page:
    predictions = simulated(600)
    names = {name for table in choose_cases(predictions).values() for name in table["image_id"]}
    return page_of(
        folder,
        predictions,
        before=predictions.assign(age=(predictions["age"] + 2).clip(0, 100)),
        zero_shot=predictions.head(80),
        crops={name: np.full((32, 32, 3), 90, np.uint8) for name in names},
    )


def value_in(folder: Path, place: str) -> float:
    """Return the value at an origin such as `slices.csv:3:mae`."""
    file, *row, key = place.split(":")
    path = {
        "comparison.json": folder / file,
        "references.json": ROOT / "pipeline/evaluation_report" / file,
    }.get(file, folder / "evaluation" / file)
    if path.suffix == ".csv":
        table = pd.read_csv(path)
        if key == "error":
            return float((table["age"] - table["true_age"]).abs()[int(row[0])])
        return float(table[key][int(row[0])])
    content = json.loads(path.read_text(encoding="utf-8"))
    return float((content[int(row[0])] if row else content)[key])


def test_every_number_is_the_one_in_its_file(full: Page, folder: Path) -> None:
    files = {place.partition(":")[0] for _, place, _ in full.numbers}
    assert files == {
        *("overall.json", "slices.csv", "thresholds.csv", "fairness.csv", "robustness.csv", "zero_shot.csv"),
        *("training_ages.csv", "sources.csv", "predictions.csv", "comparison.json", "references.json"),
    }
    known = {place: value_in(folder, place) for place in {place for _, place, _ in full.numbers}}
    assert [place for value, place, _ in full.numbers if value != pytest.approx(known[place], abs=1e-9)] == []
    texts = {place: {format_number(value, kind) for kind in KINDS} for place, value in known.items()}
    shown = [(place, text) for _, place, text in full.numbers]
    assert [(place, text) for place, text in shown if not {text, f"{text} %", f"{text} points"} & texts[place]] == []


def test_no_number_of_the_page_lacks_an_origin(full: Page) -> None:
    """The exceptions: the numbers of charts, which other tests read; ages of age bands; lineage and settings."""
    body = full.source.partition('<main id="content">')[2].partition('<h2 id="data">')[0]
    body = re.sub(r"<(data|script|style)\b.*?</\1>|<details><summary>Numbers.*?</details>", "", body, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<figcaption>.*?</figcaption>", "", body, flags=re.DOTALL))
    text = re.sub(r"arXiv \d+\.\d+|3\.2 million", "", text)
    assert re.findall(r"[-+\d.]*\d\.\d+[ %]*", text) == []


def test_numbers_of_charts_are_those_of_the_files(full: Page, folder: Path) -> None:
    slices = pd.read_csv(folder / "evaluation/slices.csv")
    expected = [
        " ".join([row["value"], str(row["exact_rows"]), *(f"{row[key]:.2f}" for key in ("mae", "mae_low", "mae_high"))])
        for row in slices[slices["slice"] == "true_age"].to_dict("records")
    ]
    assert len(expected) == 9
    assert [line for line in expected if line not in full.text] == []
    data = chart_values(full, "coverage")
    bands = slices[slices["slice"] == "predicted_age"].set_index("value")
    assert {row["value"]: row["coverage"] for row in data if "coverage" in row} == bands["coverage"].to_dict()
    cells = {(row["group"], row["band"]): row["mae"] for row in chart_values(full, "groups_and_ages")}
    predictions = simulated(600)
    chosen = predictions[
        (predictions["gender"] == "male") & (predictions["ethnicity"] == "White") & (predictions["true_age"] // 10 == 3)
    ]
    assert cells["male, White", "30-39"] == pytest.approx((chosen["age"] - chosen["true_age"]).abs().mean())


def chart_values(page: Page, name: str) -> list[dict[str, Any]]:
    """Return the rows of all data of a chart."""
    found = re.search(rf'id="{name}">.*?<script type="application/json">(.*?)</script>', page.source, re.DOTALL)
    assert found
    return [row for rows in json.loads(found[1])["datasets"].values() for row in rows]


def test_report_has_all_its_charts(full: Page) -> None:
    names = re.findall(r'<figure class="chart" id="(\w+)">', full.source)
    assert len(names) == len(set(names))
    assert set(names) == {
        *("mae_by_band", "groups_and_ages", "mae_by_slice", "standardised_mae", "predicted_against_true"),
        *("error_by_age", "confusion", "coverage", "error_rates", "robustness", "history", "learning_rate"),
        *("two_runs", "age_distribution"),
    }


def test_report_states_limits_and_that_it_is_not_for_age_checks(full: Page) -> None:
    assert "This model is not for age checks. Its predictions are estimates of apparent age." in full.text
    assert "not suitable for decisions about a person" in full.text


def test_report_compares_with_the_previous_run_in_words(full: Page) -> None:
    assert "The errors of this run are smaller, by more than the choice of test faces explains." in full.text
    assert "Both runs predicted 600 test faces with the same label" in full.text
    assert "seed 8 7" in full.text


def test_report_shows_lineage_and_escapes_settings(full: Page) -> None:
    assert "Commit 0123456789abcdef." in full.text
    assert "network abc123" in full.text
    assert "note <b>bold</b>" in full.text
    assert "b" not in full.tags


def test_report_counts_the_rows_that_were_read(full: Page) -> None:
    assert "1,252 rows were read. Of these, 3 were rejected for the reasons below, and 1,249 were split." in full.text
    assert "build_manifest duplicate 2 build_manifest truncated 1" in full.text


def test_report_shows_cases_with_crops_only_if_faces_are_shown(full: Page, tmp_path: Path) -> None:
    assert full.tags.count("img") == 36
    without = page_of(tmp_path, simulated(60))
    assert "img" not in without.tags
    assert "This report shows no faces" in without.text


def test_report_of_a_first_run_without_groups_and_with_a_calibrated_bias(tmp_path: Path) -> None:
    faces = [(10, 10, 12)] * 50 + [(35, 35, 40)] * 60
    page = page_of(tmp_path, predictions_of(faces, raw_age=[11.0] * 50 + [47.0] * 60))
    assert "No other run was evaluated in this folder." in page.text
    assert "30-39 has the largest mean absolute error: 5.00 years" in page.text
    assert "Without it, the mean absolute error is 7.00 years instead of 3.64" in page.text
    assert "No two groups of people have enough faces" in page.text
    assert "No source is kept apart from training" in page.text
    assert "This run has no test faces of UTKFace" in page.text


@pytest.mark.parametrize("faces", [[], [(30, 30, 31)], [(8, 20, 15)]])
def test_report_of_few_rows_can_be_written(tmp_path: Path, faces: list[tuple[float, float, float]]) -> None:
    page = page_of(tmp_path, predictions_of(faces))
    assert "nan" not in page.text.split()
    assert "None" not in page.text


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1440, True)])
def test_report_opens_in_chromium_without_a_request(
    browser: Any, full: Page, folder: Path, width: int, dark: bool
) -> None:
    opened = open_page(browser, folder / "report.html", width=width, dark=dark)
    assert (opened.requests, opened.messages) == ([], [])
    assert opened.page.locator("figure.chart svg").count() == full.source.count('<figure class="chart"')
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(opened) == []


def test_report_without_rows_draws_its_charts(browser: Any, tmp_path: Path) -> None:
    page_of(tmp_path, predictions_of([]))
    opened = open_page(browser, tmp_path / "report.html")
    assert (opened.requests, opened.messages) == ([], [])


def test_report_prints_tables_that_are_closed_on_screen(browser: Any, full: Page, folder: Path) -> None:
    page = open_page(browser, folder / "report.html").page
    assert page.locator("details.print[open]").count() == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.print:not([open])").count() == 0
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_report_is_smaller_than_two_megabytes(folder: Path, full: Page) -> None:
    assert (folder / "report.html").stat().st_size < 2_000_000
