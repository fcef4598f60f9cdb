"""Learning curves of any length can be drawn, and name the phases and the best epoch."""

import numpy as np
import pandas as pd
import pytest

from agelens.pipeline.reports.figures import figure_png
from agelens.pipeline.reports.training_plots import draw_age_distribution, draw_history

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


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_history_of_any_length_can_be_drawn(rows: int) -> None:
    assert figure_png(draw_history(HISTORY.head(rows)))


def test_history_marks_where_phase_2_begins_and_the_best_epoch() -> None:
    figure = draw_history(HISTORY)
    (note,) = figure.axes[0].texts
    assert note.get_text().strip() == "phase 2"
    assert note.xy[0] == 2.5
    assert "best: 8.50 (epoch 2)" in figure.axes[0].get_legend_handles_labels()[1]


def test_age_distribution_names_each_split_with_its_count() -> None:
    splits = {"train": pd.DataFrame({"age": [1.0, 100.0]}), "val": pd.DataFrame({"age": []}, dtype=float)}
    axes = draw_age_distribution(splits).axes[0]
    assert axes.get_legend_handles_labels()[1] == ["train (2 faces)", "val (0 faces)"]
    assert axes.patches[0].get_data()[0].sum() == 100
