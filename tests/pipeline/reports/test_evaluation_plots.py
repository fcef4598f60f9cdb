"""Every plot of an evaluation can be drawn, and shows the numbers of its table."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from agelens.models.evaluation.slices import by_slice
from agelens.pipeline.reports.evaluation_plots import (
    draw_confusion,
    draw_coverage,
    draw_error_by_age,
    draw_mae_by_slice,
    draw_predicted_against_true,
)
from agelens.pipeline.reports.figures import figure_png
from tests.models.prediction_tables import GROUPS, predictions_of, simulated


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize(
    "predictions",
    [
        pytest.param(predictions_of([]), id="empty"),
        pytest.param(predictions_of([(30, 30, 31)]), id="one face"),
        pytest.param(predictions_of([(8, 20, 15)]), id="one interval"),
        pytest.param(simulated(300), id="many"),
    ],
)
def test_every_plot_can_be_drawn(predictions: pd.DataFrame) -> None:
    slices = by_slice(predictions, resamples=10)
    figures = [
        draw_predicted_against_true(predictions),
        draw_confusion(predictions, GROUPS),
        draw_error_by_age(predictions),
        draw_mae_by_slice(slices),
        draw_coverage(slices),
    ]
    for figure in figures:
        with Image.open(io.BytesIO(figure_png(figure))) as image:
            assert image.width == 1280


def test_confusion_shows_shares_of_the_true_group_and_counts() -> None:
    table = predictions_of([(5, 5, 5), (6, 6, 7), (7, 7, 8), (8, 8, 20), (70, 70, 70), (8, 20, 15)])
    figure = draw_confusion(table, GROUPS)
    assert [text for text in texts(figure) if text] == ["75 %\n(3)", "25 %\n(1)", "100 %\n(1)"]
    assert "(5 faces)" in figure.axes[0].get_title(loc="left")


def test_error_curve_leaves_out_ages_with_few_faces() -> None:
    table = predictions_of([(30, 30, 33)] * 10 + [(60, 60, 50)] * 9)
    table["image_id"] = [str(i) for i in range(len(table))]
    lines = {line.get_label(): line.get_ydata() for line in draw_error_by_age(table).axes[0].lines}
    assert lines["median"][30] == 3
    assert np.isnan(lines["median"][60])
    assert -10 in lines["median of fewer than 10 faces"]


def test_attributes_that_no_source_labels_have_no_bars() -> None:
    slices = by_slice(simulated(60).assign(ethnicity=None), resamples=5)
    assert [axes.get_ylabel() for axes in draw_mae_by_slice(slices).axes] == ["gender", "source"]


def test_bars_show_the_mae_of_each_slice() -> None:
    slices = by_slice(simulated(300), resamples=50)
    panels = draw_mae_by_slice(slices).axes
    assert [axes.get_ylabel() for axes in panels] == ["gender", "ethnicity", "source"]
    expected = slices.loc[slices["slice"] == "gender", "mae"].tolist()
    assert [bar.get_width() for bar in panels[0].patches] == expected
