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
from agelens.models.evaluation.metrics import by_slice, summarise, worst_cases
from agelens.pipeline.reports.report import evaluation_figures, percent, thousands, write_report, years
from tests.models.prediction_tables import GROUPS, predictions_of, simulated


class Page(HTMLParser):
    """Collects the tags, what they load and the visible text."""

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
    figures = evaluation_figures(predictions, slices, groups=GROUPS)
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


def test_report_loads_nothing_but_its_own_pictures(full: Page) -> None:
    assert len(full.loads) == 6
    assert all(load.startswith(("data:image/png;base64,", "data:image/jpeg;base64,")) for load in full.loads)
    assert not {"script", "link", "iframe", "object"} & set(full.tags)
    without_pictures = re.sub(r"base64,[^\"]+", "", full.source)
    assert "http://" not in without_pictures
    assert "https://" not in without_pictures
    assert "url(" not in without_pictures
    assert "@import" not in without_pictures


def test_report_pictures_can_be_decoded(full: Page) -> None:
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
    assert f"Always saying the training median of 30: {baseline:.2f} years" in full.text


def test_report_shows_the_interval_of_every_headline_number(full: Page) -> None:
    overall = by_slice(simulated(400), resamples=50).iloc[0]
    ranges = [f"{overall[f'{name}_low']:.2f} to {overall[f'{name}_high']:.2f}" for name in ("mae", "rmse", "bias")]
    shares = ("cs5", "group_accuracy", "group_accuracy_one_off", "coverage")
    ranges += [f"{100 * overall[f'{name}_low']:.1f} to {100 * overall[f'{name}_high']:.1f} %" for name in shares]
    assert [text for text in ranges if text not in full.text] == []


def test_report_says_what_the_correction_changed_and_which_band_is_worst(tmp_path: Path) -> None:
    faces = [(10, 10, 12)] * 50 + [(35, 35, 40)] * 60
    plain = page_of(tmp_path, predictions_of(faces))
    assert "The worst band of ten years with at least 50 faces is 30-39: mean absolute error 5.00 years" in plain.text
    assert "raw" not in plain.text
    corrected = page_of(tmp_path, predictions_of(faces, raw_age=[11.0] * 50 + [47.0] * 60))
    assert "without that the mean absolute error were 7.00 years" in corrected.text
    assert "(12.00 raw)" in corrected.text


def test_report_tells_genders_where_the_model_does(full: Page, tmp_path: Path) -> None:
    overall = by_slice(simulated(400), resamples=50).iloc[0]
    assert f"Gender as annotated {100 * overall['gender_accuracy']:.1f} %" in full.text
    assert full.text.count("Its width Gender right") == 5
    silent = page_of(tmp_path, simulated(60).assign(predicted_gender=None))
    assert "Gender as annotated" not in silent.text
    assert "Gender right" not in silent.text


def test_report_says_rmse_and_neighbouring_groups_of_every_slice(full: Page) -> None:
    assert full.text.count("Slice Faces MAE RMSE Bias Within 5 years Group right One off at most") == 5
    slices = by_slice(simulated(400), resamples=50)
    for row in slices[slices["slice"] == "gender"].to_dict("records"):
        assert f"{row['rmse']:.2f} {row['rmse_low']:.2f} to {row['rmse_high']:.2f}" in full.text
        assert f"{100 * row['group_accuracy_one_off']:.1f} %" in full.text


def test_report_counts_what_each_number_of_a_slice_is_judged_on(tmp_path: Path) -> None:
    page = page_of(tmp_path, predictions_of([(30, 30, 31), (27, 30, 28), (8, 20, 15)]))
    assert "unknown 3 1 exact 2 in a group" in page.text


@pytest.mark.parametrize(("coverage", "outside"), [(0.9, "10"), (0.95, "5"), (0.995, "0.5")])
def test_report_says_how_often_an_age_lies_outside(tmp_path: Path, coverage: float, outside: str) -> None:
    page = page_of(tmp_path, predictions_of([(30, 30, 31)]), coverage=coverage)
    assert f"for about {outside} % of faces the true age lies outside it" in page.text


def test_report_counts_the_rows_that_went_in(full: Page) -> None:
    assert "1,237 rows went in; 3 were rejected, each for a reason, and 1,234 were split." in full.text
    assert "build_manifest duplicate 2 build_manifest truncated 1" in full.text
    assert "train 1,234 fgnet 34, utkface 1,200" in full.text


def test_report_lists_parameters_and_escapes_them(full: Page) -> None:
    assert "crop.size 224" in full.text
    assert "&lt;b&gt;bold&lt;/b&gt;" in full.source
    assert "b" not in full.tags


def test_report_says_what_the_model_must_not_serve(full: Page) -> None:
    assert "It must not serve to decide about one person" in full.text


def test_report_without_crops_shows_no_face(tmp_path: Path) -> None:
    page = page_of(tmp_path, simulated(60))
    assert len(page.loads) == 5
    assert all(load.startswith("data:image/png") for load in page.loads)
    assert "Faces were left out of this report." in page.text


@pytest.mark.parametrize("faces", [[], [(30, 30, 31)], [(8, 20, 15)]])
def test_report_of_hardly_any_rows_can_be_written(tmp_path: Path, faces: list[tuple[float, float, float]]) -> None:
    page = page_of(tmp_path, predictions_of(faces))
    assert "nan" not in page.text
    assert "None" not in page.text


def test_figures_include_history_and_splits_where_given() -> None:
    predictions = simulated(50)
    history = pd.DataFrame({"phase": [1], "age_mae": [9.0], "val_age_mae": [9.0], "learning_rate": [1e-3]})
    figures = evaluation_figures(
        predictions,
        by_slice(predictions, resamples=5),
        groups=GROUPS,
        history=history,
        splits={"train": pd.DataFrame({"age": [3.0]})},
    )
    assert {"history", "age_distribution"} < figures.keys()


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
def test_numbers_are_printed_for_people(text: str, expected: str) -> None:
    assert text == expected
