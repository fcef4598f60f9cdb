import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from agelens.models.evaluation.metrics import by_slice
from agelens.pipeline.reports.plots import (
    draw_age_distribution,
    draw_confusion,
    draw_coverage,
    draw_error_by_age,
    draw_history,
    draw_mae_by_slice,
    draw_predicted_against_true,
    figure_png,
    write_figure,
)
from tests.models.prediction_tables import GROUPS, predictions_of, simulated

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "phase": [1, 1, 2],
        "loss": [9.0, 8.0, 7.0],
        "val_loss": [9.0, 8.0, 7.0],
        "age_mae": [9.0, 8.0, 7.0],
        "val_age_mae": [9.5, 8.5, np.nan],
        "learning_rate": [1e-3, 1e-3, 1e-5],
    }
)


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
def test_every_picture_of_predictions_can_be_drawn(predictions: pd.DataFrame) -> None:
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


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_history_of_any_length_can_be_drawn(rows: int) -> None:
    assert figure_png(draw_history(HISTORY.head(rows)))


def test_history_marks_where_phase_2_begins_and_the_best_epoch() -> None:
    figure = draw_history(HISTORY)
    (note,) = figure.axes[0].texts
    assert note.get_text().strip() == "phase 2"
    assert note.xy[0] == 2.5
    assert "best: 8.50 (epoch 2)" in figure.axes[0].get_legend_handles_labels()[1]


def test_confusion_shows_shares_of_the_true_group_and_counts() -> None:
    table = predictions_of([(5, 5, 5), (6, 6, 7), (7, 7, 8), (8, 8, 20), (70, 70, 70), (8, 20, 15)])
    figure = draw_confusion(table, GROUPS)
    assert [text for text in texts(figure) if text] == ["75 %\n(3)", "25 %\n(1)", "100 %\n(1)"]
    assert "(5 faces)" in figure.axes[0].get_title(loc="left")


def test_error_curve_leaves_ages_of_few_faces_to_dots() -> None:
    table = predictions_of([(30, 30, 33)] * 10 + [(60, 60, 50)] * 9)
    table["image_id"] = [str(i) for i in range(len(table))]
    lines = {line.get_label(): line.get_ydata() for line in draw_error_by_age(table).axes[0].lines}
    assert lines["median"][30] == 3
    assert np.isnan(lines["median"][60])
    assert -10 in lines["median of fewer than 10 faces"]


def test_mae_bars_are_the_slices() -> None:
    slices = by_slice(simulated(300), resamples=50)
    panels = draw_mae_by_slice(slices).axes
    assert [axes.get_ylabel() for axes in panels] == ["gender", "ethnicity", "source"]
    expected = slices.loc[slices["slice"] == "gender", "mae"].tolist()
    assert [bar.get_width() for bar in panels[0].patches] == expected


def test_age_distribution_names_each_split_with_its_count() -> None:
    splits = {"train": pd.DataFrame({"age": [1.0, 100.0]}), "val": pd.DataFrame({"age": []}, dtype=float)}
    axes = draw_age_distribution(splits).axes[0]
    assert axes.get_legend_handles_labels()[1] == ["train (2 faces)", "val (0 faces)"]
    assert axes.patches[0].get_data()[0].sum() == 100


def test_equal_figures_give_equal_files(tmp_path: Path) -> None:
    table = simulated(50)
    for name in ("a", "b"):
        write_figure(tmp_path / f"{name}.png", draw_confusion(table, GROUPS))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]
