"""The page in a browser: upload, several faces, no face, a hostile file, and no request to another host."""

import csv
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.images import write_jpeg
from agelens.data_prep.synthetic.photo import draw_landscape, make_detector_examples
from tests.chromium import Opened, chromium, violations

pytest.importorskip("gradio", reason="the extra app is not installed")


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    company = [image for image, boxes in make_detector_examples(17, seed=1) if len(boxes) == 3][-1]
    write_jpeg(folder / "company.jpg", company)
    write_jpeg(folder / "landscape.jpg", draw_landscape(rng=np.random.default_rng(1)))
    (folder / "broken.jpg").write_bytes(b"<script>document.title = 'taken'</script>")
    return [folder / name for name in ("company.jpg", "landscape.jpg", "broken.jpg")]


@pytest.fixture(scope="module")
def opened(browser, address, photographs):
    """The page after it has shown three photographs, with the requests to other hosts."""
    opened = Opened(browser.new_page(viewport={"width": 390, "height": 844}))

    def note(request):
        if not request.url.startswith((address, "data:", "blob:")):
            opened.requests.append(request.url)

    opened.page.on("request", note)
    opened.page.goto(address)
    opened.page.wait_for_selector("#estimate")
    opened.page.set_input_files("#photographs input[type=file]", [str(path) for path in photographs])
    opened.page.wait_for_selector("#photographs >> text=broken")
    opened.page.click("#estimate")
    opened.page.wait_for_selector("#figures .agelens-figure >> nth=2")
    return opened


def test_each_photograph_has_its_figure(opened):
    captions = [each.inner_text() for each in opened.page.query_selector_all("#figures figcaption")]
    assert captions[0] == "company.jpg: 3 faces"
    assert captions[1] == "landscape.jpg: no face was found"
    assert captions[2].startswith("broken.jpg: not_an_image")
    assert len(opened.page.query_selector_all("#figures .face")) == 3


def test_the_chart_of_a_face_is_shown_on_focus(opened):
    chart = opened.page.locator("#figures .face .chart").first
    assert not chart.is_visible()
    opened.page.locator("#figures .face").first.focus()
    assert chart.is_visible()


def test_the_table_lists_every_face_and_every_failure(opened):
    rows = [row.inner_text().split("\t") for row in opened.page.query_selector_all(".agelens-table tbody tr")]
    assert [row[:2] for row in rows[:3]] == [["company.jpg", str(number)] for number in (1, 2, 3)]
    assert [row[0] for row in rows[3:]] == ["landscape.jpg", "broken.jpg"]
    assert rows[3][-1].startswith("no_face")


def test_the_table_can_be_downloaded(opened):
    with opened.page.expect_download() as started:
        opened.page.click("#download")
    with Path(started.value.path()).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == ["company.jpg"] * 3 + ["landscape.jpg", "broken.jpg"]
    assert all(float(row["age_low"]) <= float(row["age"]) <= float(row["age_high"]) for row in rows[:3])
    assert rows[3]["error"].startswith("no_face")


def test_it_says_what_it_is_not_for(opened):
    assert "not for access, age checks, hiring, policing or medicine" in opened.page.inner_text("body")


def test_a_phone_need_not_scroll_sideways(opened):
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_other_host_is_asked_and_no_file_runs_a_script(opened):
    assert opened.requests == []
    assert opened.page.title() == "agelens"


def test_figures_are_accessible(opened):
    ours = [fault for fault in violations(opened) if "agelens-figure" in fault or 'class="face"' in fault]
    assert ours == []


def test_without_a_photograph_it_asks_for_one(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("#estimate")
    page.click("#estimate")
    page.wait_for_selector("text=Choose a photograph first.")


def test_a_drawn_example_can_be_estimated(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("#estimate")
    page.click("text=drawn_1")
    page.wait_for_selector("#photographs >> text=drawn_1")
    page.click("#estimate")
    page.wait_for_selector("#figures .agelens-figure")
    assert page.inner_text("#figures figcaption").startswith("drawn_1.jpg: ")
