"""Plots of a search: parallel coordinates of all trials, and the importance of each setting."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from agelens.pipeline.reports.figures import BLUE, DARK, PALE, new_figure

SCORE = "val_age_mae"
LABEL = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8}
"""The background of a label, which keeps it readable on top of lines."""

LOG_SPAN = 10
"""Positive numbers are drawn on a log scale if the largest is at least this many times the smallest."""


def axis_positions(values: pd.Series) -> tuple[npt.NDArray[np.float64], list[tuple[float, str]]]:
    """Return the positions of values on an axis from 0 to 1, and the axis ticks as positions and labels.

    Words, and numbers of up to six distinct values, are spaced evenly in ascending order. More numbers are drawn to
    scale, on a log scale if they span a decade.
    """
    distinct = sorted(values.unique())
    if not pd.api.types.is_numeric_dtype(values) or len(distinct) <= 6:
        steps = np.linspace(0, 1, len(distinct)) if len(distinct) > 1 else np.array([0.5])
        labels = [f"{value:.3g}" if isinstance(value, int | float) else str(value) for value in distinct]
        return values.map(distinct.index).map(steps.__getitem__).to_numpy(float), list(zip(steps, labels, strict=True))
    numbers = values.to_numpy(float)
    low, high = numbers.min(), numbers.max()
    log = low > 0 and high / low >= LOG_SPAN
    ends = np.log([low, high]) if log else np.array([low, high])
    scaled = ((np.log(numbers) if log else numbers) - ends[0]) / (ends[1] - ends[0])
    ticks = [(position, float(ends[0] + position * (ends[1] - ends[0]))) for position in (0, 0.5, 1)]
    return scaled, [(position, f"{np.exp(tick) if log else tick:.2g}") for position, tick in ticks]


def draw_trials(trials: pd.DataFrame, settings: Sequence[str], *, score: str = SCORE) -> Figure:
    """Draw parallel coordinates: one line per trial through its settings to its score; low scores are dark.

    Args:
        trials: Table of trials.
        settings: The columns that were searched.
        score: The column of the score, in years.
    """
    columns = [*settings, score]
    figure = Figure(figsize=(max(8, 1.15 * len(columns)), 4.2), layout="constrained")
    axes = figure.subplots()
    drawn = [axis_positions(trials[name]) for name in columns[:-1]]
    low, high = float(trials[score].min()), float(trials[score].quantile(0.9))
    scores = ((trials[score] - low) / max(high - low, 1e-9)).clip(upper=1).to_numpy(float)
    lines = np.column_stack([*(positions for positions, _ in drawn), scores])
    colours, scale = colormaps["viridis"], Normalize(0, 1)
    for row in np.argsort(-scores, kind="stable"):
        axes.plot(lines[row], color=colours(scale(scores[row])), alpha=0.75, linewidth=1.1)
    score_ticks = [(0.0, f"{low:.2f}"), (1.0, f"{high:.2f}+")]
    for column, ticks in enumerate([*(ticks for _, ticks in drawn), score_ticks]):
        axes.axvline(column, color=PALE, zorder=0)
        for height, label in ticks:
            axes.text(column + 0.04, height, label, fontsize=7, color=DARK, va="center", bbox=LABEL)
    axes.set_xticks(range(len(columns)), [name.replace("_", "\n") for name in columns], fontsize=8)
    axes.set(yticks=[], xlim=(-0.1, len(columns) - 0.5))
    axes.spines[:].set_visible(False)
    title = f"Trials ({len(trials)}); dark lines have a low validation MAE"
    axes.set_title(title, loc="left", fontsize=12, color=DARK)
    return figure


def draw_importance(importance: pd.Series) -> Figure:
    """Draw the share of the scores' variance that each setting explains by itself."""
    label = "share of the scores' variance explained by the setting"
    figure, axes = new_figure("Importance of settings", x=label, y="", height=1.2 + 0.32 * len(importance))
    names = [str(name).replace("_", " ") for name in importance.index]
    axes.barh(names, importance.to_numpy(float), color=BLUE)
    axes.invert_yaxis()
    axes.set_xlim(0, max(0.1, float(importance.max()) * 1.1))
    axes.grid(visible=False)
    return figure
