"""The report of an evaluation is one file, holds every number and plot, and escapes what it shows."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from agelens.data_prep.core.tables import REJECTED, make_table
from agelens.models.evaluation.metrics import summarise, worst_cases
from agelens.models.evaluation.slices import by_slice
from agelens.pipeline.reports.evaluation_report import draw_evaluation, percent, thousands, write_report, years
from tests.models.prediction_tables import GROUPS, predictions_of, simulated


class Page(HTMLParser):
    """Collects the tags, the addresses they load and the visible text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def page_of(folder: Path, predictions: pd.DataFrame, **more: object) -> Page:
    slices = by_slice(predictions, resamples=50)
    figures = draw_evaluation(predictions, slices, groups=GROUPS)
    path = folder / "report.html"
    given = {"title": "net on set", "predictions": predictions, "slices": slices, "figures": figures}
    write_report(path, **(given | {"train_median": 30.0} | more))
    return Page(path)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Page:
    predictions = simulated(400)
    rejected = [
        {"image_id": str(i), "source": "set", "path": "p", "reason": reason, "detail": ""}
        for i, reason in enumerate(["truncated", "duplicate", "duplicate"])
    ]
    return page_of(
        tmp_path_factory.mktemp("full"),
        predictions,
        splits={"train": pd.DataFrame({"source": ["utkface"] * 1200 + ["fgnet"] * 34})},
        rejected={"build_manifest": make_table(rejected, REJECTED)},
        params={"crop": {"size": 224}, "note": "<b>bold</b>"},
        worst_crops={i: np.full((32, 32, 3), 90, np.uint8) for i in worst_cases(predictions)["image_id"]},
    )


def test_report_loads_nothing_from_elsewhere(full: Page) -> None:
    assert len(full.loads) == 6
    assert all(load.startswith(("data:image/png;base64,", "data:image/jpeg;base64,")) for load in full.loads)
    assert not {"script", "link", "iframe", "object"} & set(full.tags)
    without_images = re.sub(r"base64,[^\"]+", "", full.source)
    assert "http://" not in without_images
    assert "https://" not in without_images
    assert "url(" not in without_images
    assert "@import" not in without_images


def test_report_images_can_be_decoded(full: Page) -> None:
    for load in full.loads:
        with Image.open(io.BytesIO(base64.b64decode(load.split(",")[1]))) as image:
            image.load()
            assert image.width > 500


def test_report_contains_the_headline_numbers(full: Page) -> None:
    predictions = simulated(400)
    metrics = summarise(predictions)
    overall = by_slice(predictions, resamples=50).iloc[0]
    assert f"Mean absolute error {metrics['mae']:.2f} years" in full.text
    assert f"{overall['mae_low']:.2f} to {overall['mae_high']:.2f}" in full.text
    assert f"{100 * metrics['cs5']:.1f} %" in full.text
    assert f"{100 * metrics['coverage']:.1f} %" in full.text
    baseline = (predictions["true_age"] - 30).abs().mean()
    assert f"Baseline that always predicts the training median (30): {baseline:.2f} years" in full.text


def test_report_shows_the_interval_of_every_headline_number(full: Page) -> None:
    overall = by_slice(simulated(400), resamples=50).iloc[0]
    ranges = [f"{overall[f'{name}_low']:.2f} to {overall[f'{name}_high']:.2f}" for name in ("mae", "rmse", "bias")]
    shares = ("cs5", "group_accuracy", "group_accuracy_one_off", "coverage")
    ranges += [f"{100 * overall[f'{name}_low']:.1f} to {100 * overall[f'{name}_high']:.1f} %" for name in shares]
    assert [text for text in ranges if text not in full.text] == []


def test_report_names_the_worst_band_and_the_errors_before_calibration(tmp_path: Path) -> None:
    faces = [(10, 10, 12)] * 50 + [(35, 35, 40)] * 60
    plain = page_of(tmp_path, predictions_of(faces))
    assert "with at least 50 faces, 30-39 has the largest mean absolute error: 5.00 years" in plain.text
    assert "raw" not in plain.text
    corrected = page_of(tmp_path, predictions_of(faces, raw_age=[11.0] * 50 + [47.0] * 60))
    assert "Without calibration, the mean absolute error is 7.00 years" in corrected.text
    assert "(12.00 raw)" in corrected.text


def test_report_shows_gender_only_if_the_model_predicts_it(full: Page, tmp_path: Path) -> None:
    overall = by_slice(simulated(400), resamples=50).iloc[0]
    assert f"Gender as labelled {100 * overall['gender_accuracy']:.1f} %" in full.text
    assert full.text.count("Interval width Gender correct") == 5
    assert "Ethnicity correct" not in full.text
    without = page_of(tmp_path, simulated(60).assign(predicted_gender=None))
    assert "Gender as labelled" not in without.text
    assert "Gender correct" not in without.text


def test_report_names_attributes_that_are_not_exported(tmp_path: Path) -> None:
    page = page_of(tmp_path, simulated(60).assign(ethnicity="Asian", predicted_ethnicity="Asian"))
    assert "The ethnicity head predicts the label of the source for 100.0 % of faces." in page.text


def test_report_shows_rmse_and_neighbouring_groups_of_every_slice(full: Page) -> None:
    assert full.text.count("Slice Faces MAE RMSE Bias Within 5 years Group correct At most one away") == 5
    slices = by_slice(simulated(400), resamples=50)
    for row in slices[slices["slice"] == "gender"].to_dict("records"):
        assert f"{row['rmse']:.2f} {row['rmse_low']:.2f} to {row['rmse_high']:.2f}" in full.text
        assert f"{100 * row['group_accuracy_one_off']:.1f} %" in full.text


def test_report_counts_the_rows_behind_each_number_of_a_slice(tmp_path: Path) -> None:
    page = page_of(tmp_path, predictions_of([(30, 30, 31), (27, 30, 28), (8, 20, 15)]))
    assert "unknown 3 1 exact 2 in a group" in page.text


@pytest.mark.parametrize(("coverage", "outside"), [(0.9, "10"), (0.95, "5"), (0.995, "0.5")])
def test_report_states_the_share_of_ages_outside_the_interval(tmp_path: Path, coverage: float, outside: str) -> None:
    page = page_of(tmp_path, predictions_of([(30, 30, 31)]), coverage=coverage)
    assert f"the true age of about {outside} % of faces is outside of it" in page.text


def test_report_counts_the_rows_that_were_read(full: Page) -> None:
    assert "1,237 rows were read. Of these, 3 were rejected for the reasons below, and 1,234 were split." in full.text
    assert "build_manifest duplicate 2 build_manifest truncated 1" in full.text
    assert "train 1,234 fgnet 34, utkface 1,200" in full.text


def test_report_lists_parameters_and_escapes_them(full: Page) -> None:
    assert "crop.size 224" in full.text
    assert "&lt;b&gt;bold&lt;/b&gt;" in full.source
    assert "b" not in full.tags


def test_report_states_what_the_model_is_not_suitable_for(full: Page) -> None:
    assert "Not suitable for decisions about a person" in full.text


def test_report_without_crops_shows_no_face(tmp_path: Path) -> None:
    page = page_of(tmp_path, simulated(60))
    assert len(page.loads) == 5
    assert all(load.startswith("data:image/png") for load in page.loads)
    assert "This report shows no faces" in page.text


@pytest.mark.parametrize("faces", [[], [(30, 30, 31)], [(8, 20, 15)]])
def test_report_of_few_rows_can_be_written(tmp_path: Path, faces: list[tuple[float, float, float]]) -> None:
    page = page_of(tmp_path, predictions_of(faces))
    assert "nan" not in page.text
    assert "None" not in page.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (years(7.514), "7.51"),
        (years(None), "\u2013"),
        (years(float("nan")), "\u2013"),
        (percent(0.4567), "45.7 %"),
        (percent(None), "\u2013"),
        (thousands(18960), "18,960"),
    ],
)
def test_numbers_are_formatted(text: str, expected: str) -> None:
    assert text == expected
