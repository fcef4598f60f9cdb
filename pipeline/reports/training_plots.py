"""Plots of a training: the learning curves, and the ages that the network is trained and evaluated on."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from agelens.data_prep.core.labels import MAX_AGE
from agelens.pipeline.reports.figures import BLUE, DARK, GREEN, MUTED, ORANGE, VERMILLION, new_figure, style_axes


def draw_history(history: pd.DataFrame) -> Figure:
    """Draw the learning curves and the learning rate of both phases.

    Args:
        history: One row per epoch, in order, with the columns `phase`, `age_mae`, `val_age_mae` and `learning_rate`.
    """
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    curves, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    epochs = np.arange(1, len(history) + 1)
    style_axes(curves, title=f"Training ({len(history)} epochs)", y="mean absolute error (years)")
    style_axes(rates, x="epoch", y="learning rate")
    validation = history["val_age_mae"].to_numpy(dtype=float)
    curves.plot(epochs, history["age_mae"], color=MUTED, linewidth=1.4, marker=".", label="training")
    curves.plot(epochs, validation, color=BLUE, linewidth=1.8, marker=".", label="validation")
    if np.isfinite(validation).any():
        best = int(np.nanargmin(validation))
        label = f"best: {validation[best]:.2f} (epoch {epochs[best]})"
        curves.plot(epochs[best], validation[best], "o", color=VERMILLION, label=label)
    rates.step(epochs, history["learning_rate"], where="mid", color=GREEN, linewidth=1.6, marker=".")
    if (history["learning_rate"] > 0).any():
        _use_log_scale(rates)
    _mark_phases([curves, rates], history["phase"].tolist())
    curves.legend(frameon=False)
    rates.xaxis.get_major_locator().set_params(integer=True)
    return figure


def draw_age_distribution(splits: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the ages of each split, as shares of the split in bins of two years.

    Args:
        splits: Tables with the column `age`, by name, for example train, val and test.
    """
    figure, axes = new_figure("Ages in each split", x="age (years)", y="share of the split (%)")
    for (name, table), color in zip(splits.items(), (MUTED, ORANGE, BLUE, GREEN, VERMILLION), strict=False):
        counts, edges = np.histogram(table["age"], bins=np.arange(0, MAX_AGE + 4, 2))
        shares = 100 * counts / max(len(table), 1)
        axes.stairs(shares, edges, color=color, linewidth=1.6, label=f"{name} ({len(table):,} faces)")
    axes.set_xlim(0, MAX_AGE + 2)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _use_log_scale(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3), numticks=4))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _mark_phases(panels: list[Axes], phases: list[int]) -> None:
    """Draw a line before the first epoch of each later phase, and its name in the first panel."""
    for row in (row for row in range(1, len(phases)) if phases[row] != phases[row - 1]):
        for panel in panels:
            panel.axvline(row + 0.5, color=DARK, linewidth=0.8, linestyle="--")
        text = f" phase {phases[row]}"
        panels[0].annotate(text, (row + 0.5, 1), xycoords=("data", "axes fraction"), va="top", color=MUTED)
