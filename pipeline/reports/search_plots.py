"""Pictures of a search: every trial as a line through its settings, and which settings mattered."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from agelens.pipeline.reports.plots import BLUE, INK, LINE

SCORE = "val_age_mae"
LABEL = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8}
"""A label's ground, so that lines do not cross it out."""

LOG_SPAN = 10
"""Numbers above 0 whose largest is so many times the smallest are laid out on a log scale."""


def axis_places(values: pd.Series) -> tuple[npt.NDArray[np.float64], list[tuple[float, str]]]:
    """Return where values stand on an axis from 0 to 1, and its marks as places and labels.

    Few values, and words, stand evenly in their order; many numbers stand where they lie, on a log scale if they
    span decades.
    """
    known = sorted(values.unique())
    if not pd.api.types.is_numeric_dtype(values) or len(known) <= 6:
        steps = np.linspace(0, 1, len(known)) if len(known) > 1 else np.array([0.5])
        labels = [f"{value:.3g}" if isinstance(value, int | float) else str(value) for value in known]
        return values.map(known.index).map(steps.__getitem__).to_numpy(float), list(zip(steps, labels, strict=True))
    numbers = values.to_numpy(float)
    low, high = numbers.min(), numbers.max()
    log = low > 0 and high / low >= LOG_SPAN
    ends = np.log([low, high]) if log else np.array([low, high])
    scaled = ((np.log(numbers) if log else numbers) - ends[0]) / (ends[1] - ends[0])
    marks = [(place, float(ends[0] + place * (ends[1] - ends[0]))) for place in (0, 0.5, 1)]
    return scaled, [(place, f"{np.exp(mark) if log else mark:.2g}") for place, mark in marks]


def draw_trials(trials: pd.DataFrame, settings: Sequence[str], *, score: str = SCORE) -> Figure:
    """Draw parallel coordinates: a line per trial through its settings to its score; the better, the darker."""
    columns = [*settings, score]
    figure = Figure(figsize=(max(8, 1.15 * len(columns)), 4.2), layout="constrained")
    axes = figure.subplots()
    placed = [axis_places(trials[name]) for name in columns[:-1]]
    low, high = float(trials[score].min()), float(trials[score].quantile(0.9))
    scores = ((trials[score] - low) / max(high - low, 1e-9)).clip(upper=1).to_numpy(float)
    lines = np.column_stack([*(places for places, _ in placed), scores])
    colours, scale = colormaps["viridis"], Normalize(0, 1)
    for row in np.argsort(-scores, kind="stable"):
        axes.plot(lines[row], color=colours(scale(scores[row])), alpha=0.75, linewidth=1.1)
    score_marks = [(0.0, f"{low:.2f}"), (1.0, f"{high:.2f}+")]
    for place, marks in enumerate([*(marks for _, marks in placed), score_marks]):
        axes.axvline(place, color=LINE, zorder=0)
        for height, label in marks:
            axes.text(place + 0.04, height, label, fontsize=7, color=INK, va="center", bbox=LABEL)
    axes.set_xticks(range(len(columns)), [name.replace("_", "\n") for name in columns], fontsize=8)
    axes.set(yticks=[], xlim=(-0.1, len(columns) - 0.5))
    axes.spines[:].set_visible(False)
    axes.set_title(f"{len(trials)} trials; dark is a low validation MAE", fontsize=11)
    return figure


def draw_importance(importance: pd.Series) -> Figure:
    """Draw the share of the scores' variance that each setting explains by itself."""
    figure = Figure(figsize=(6.4, 1.2 + 0.32 * len(importance)), layout="constrained")
    axes = figure.subplots()
    names = [str(name).replace("_", " ") for name in importance.index]
    axes.barh(names, importance.to_numpy(float), color=BLUE)
    axes.invert_yaxis()
    axes.set_xlim(0, max(0.1, float(importance.max()) * 1.1))
    axes.set_xlabel("share of the variance of scores that the setting explains by itself")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Which settings mattered", fontsize=11)
    return figure
