"""The page about crops: every outcome is counted and explained, every sheet is shown."""

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.images import write_png
from agelens.pipeline.contact_sheets.crop_page import meaning_of, write_crop_page
from tests.chromium import chromium

COUNTS = pd.DataFrame(
    [("b", "too_large", 3), ("a", "detector", 1200), ("b", "detector", 7), ("a", "<odd>", 1)],
    columns=["source", "outcome", "images"],
)


@pytest.fixture
def page(tmp_path):
    for name in ("crops.png", "rejected_no_face.png"):
        (tmp_path / name).write_bytes(b"")
    write_crop_page(tmp_path / "report.html", COUNTS)
    return (tmp_path / "report.html").read_text()


def test_outcomes_are_counted_by_source_kept_ones_first(page):
    rows = [line for line in page.splitlines() if line.startswith("<tr><td>")]
    assert rows == [
        "<tr><td>detector</td><td>1,200</td><td>7</td><td>kept: a face was found</td></tr>",
        "<tr><td>&lt;odd&gt;</td><td>1</td><td>0</td><td>&lt;odd&gt;</td></tr>",
        "<tr><td>too_large</td><td>0</td><td>3</td><td>the image has too many pixels</td></tr>",
    ]


def test_each_sheet_has_a_heading(page):
    assert page.index('<h2>Kept</h2>\n<img src="crops.png"') < page.index('src="rejected_no_face.png"')
    assert "<h2>Rejected: no face was found</h2>" in page


def test_the_policy_lets_sheets_be_shown_and_no_script_run(tmp_path):
    write_png(tmp_path / "crops.png", np.zeros((8, 8, 3), np.uint8))
    write_crop_page(tmp_path / "report.html", COUNTS)
    path = tmp_path / "report.html"
    with chromium() as browser:
        shown = browser.new_page()
        shown.goto(path.as_uri())
        assert shown.evaluate("document.images[0].naturalWidth") == 8
        path.write_text(path.read_text().replace("</body>", "<script>document.title = 'taken'</script></body>"))
        shown.reload()
        assert shown.title() == "Face crops"


def test_a_reason_without_a_meaning_is_shown_by_its_name():
    assert meaning_of("label_conflict") == "label conflict"
