"""Plots of an evaluation, one function each: predictions or slices in, a matplotlib `Figure` out."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE, AgeGroups
from agelens.models.evaluation.metrics import row_scores
from agelens.pipeline.reports.figures import BLUE, DARK, DENSITY, MUTED, SKY, VERMILLION, new_figure, style_axes

MIN_FACES = 10
"""Ages with fewer faces are drawn as pale dots and left out of the curve."""


def draw_predicted_against_true(predictions: pd.DataFrame) -> Figure:
    """Draw a density of predicted over exact true ages; perfect predictions lie on the diagonal."""
    exact = predictions[row_scores(predictions)["mae"].notna()]
    figure, axes = new_figure(
        f"Predicted against true age ({len(exact):,} faces)",
        x="true age (years)",
        y="predicted age (years)",
        height=6.4,
    )
    cells = axes.hexbin(
        exact["true_age"].to_numpy(),
        exact["age"].to_numpy(),
        gridsize=50,
        extent=(0, MAX_AGE, 0, MAX_AGE),
        mincnt=1,
        cmap=DENSITY,
        linewidths=0.1,
    )
    largest = np.max(np.asarray(cells.get_array()), initial=10)
    cells.set_norm(LogNorm(1, float(largest)))
    axes.plot([0, MAX_AGE], [0, MAX_AGE], color=VERMILLION, linewidth=1.2, label="predicted = true")
    for shift in (-5, 5):
        label = "5 years off" if shift == 5 else None
        axes.plot([0, MAX_AGE], [shift, MAX_AGE + shift], color=VERMILLION, linewidth=0.8, linestyle=":", label=label)
    axes.set(xlim=(0, MAX_AGE), ylim=(0, MAX_AGE), aspect="equal")
    axes.legend(frameon=False, loc="upper left")
    bar = figure.colorbar(cells, ax=axes, label="faces per cell", shrink=0.85, format="{x:,.0f}")
    bar.outline.set_visible(False)
    return figure


def draw_confusion(predictions: pd.DataFrame, groups: AgeGroups) -> Figure:
    """Draw the confusion matrix of age groups, as shares of each true group and counts."""
    grouped = predictions[predictions["true_age_group"] >= 0]
    counts = np.zeros((len(groups), len(groups)), dtype=int)
    np.add.at(counts, (grouped["true_age_group"].to_numpy(), grouped["age_group"].to_numpy()), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_figure(
        f"Age groups, as shares of each true group ({len(grouped):,} faces)",
        x="predicted age group (years)",
        y="true age group (years)",
        height=6.4,
    )
    axes.imshow(shares, cmap=DENSITY, vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{100 * share:.0f} %\n({counts[row, column]:,})" if share else ""
        axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.45 else DARK, fontsize=9)
    names = [f"{name}\n({count:,})" for name, count in zip(groups.names, counts.sum(axis=1), strict=True)]
    axes.set_xticks(range(len(groups)), groups.names)
    axes.set_yticks(range(len(groups)), names)
    axes.grid(visible=False)
    for edge in range(1, len(groups)):
        axes.axhline(edge - 0.5, color="white", linewidth=2)
        axes.axvline(edge - 0.5, color="white", linewidth=2)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def draw_error_by_age(predictions: pd.DataFrame) -> Figure:
    """Draw the signed error at each exact true age (median and middle 90 %) above the number of faces."""
    errors = row_scores(predictions)["bias"].dropna()
    by_age = errors.groupby(predictions.loc[errors.index, "true_age"].round())
    ages = np.arange(MAX_AGE + 1)
    faces = by_age.size().reindex(ages, fill_value=0).to_numpy()
    low, median, high = (by_age.quantile(share).reindex(ages).to_numpy(dtype=float) for share in (0.05, 0.5, 0.95))
    enough = faces >= MIN_FACES
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    style_axes(axes, title=f"Error by true age ({len(errors):,} faces)", y="predicted minus true age (years)")
    style_axes(below, x="true age (years)", y="faces")
    axes.axhline(0, color=DARK, linewidth=0.8)
    axes.fill_between(ages, low, high, where=enough, color=BLUE, alpha=0.18, linewidth=0, label="middle 90 % of faces")
    axes.plot(ages, np.where(enough, median, np.nan), color=BLUE, linewidth=1.6, marker=".", label="median")
    axes.plot(ages[~enough], median[~enough], ".", color=SKY, label=f"median of fewer than {MIN_FACES} faces")
    axes.legend(facecolor="white", edgecolor="none", framealpha=0.9)  # dots may lie behind it
    below.bar(ages, faces, width=0.9, color=MUTED)
    axes.set_xlim(-1, MAX_AGE + 1)
    return figure


def draw_mae_by_slice(slices: pd.DataFrame) -> Figure:
    """Draw the MAE of every class of an attribute and every source with its 95 % interval, and the MAE of all faces."""
    measured = slices[slices["mae"].notna()]
    parts = {name: measured[measured["slice"] == name] for name in (*ATTRIBUTES, "source")}
    # A slice of one value repeats the MAE of all faces; the source stays, so that the plot is never empty.
    parts = {name: part for name, part in parts.items() if len(part) > (name != "source")}
    heights = [len(part) + 0.6 for part in parts.values()]
    figure = Figure(figsize=(8, 1.4 + 0.42 * sum(heights)), layout="constrained")
    figure.suptitle(
        "Mean absolute error by slice (number of faces), with 95 % intervals",
        x=0.01,
        ha="left",
        fontsize=12,
        color=DARK,
    )
    panels = figure.subplots(max(len(parts), 1), 1, sharex=True, squeeze=False, height_ratios=heights or [1])[:, 0]
    for axes, (name, part) in zip(panels, parts.items(), strict=False):
        style_axes(axes, grid="x")
        _draw_bars(axes, part)
        axes.set_ylabel(name)
        for overall in measured.loc[measured["slice"] == "all", "mae"]:
            axes.axvline(overall, color=VERMILLION, linewidth=1, linestyle="--", label="all faces")
    if parts:
        panels[0].legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1))
    panels[-1].set_xlabel("mean absolute error (years)")
    return figure


def draw_coverage(slices: pd.DataFrame, *, coverage: float = 0.9) -> Figure:
    """Draw coverage and mean width of the prediction intervals, by band of the predicted age.

    Args:
        slices: Metrics by slice, as `agelens.models.evaluation.slices.by_slice` returns them.
        coverage: Share of true ages that the intervals should contain, in 0..1.
    """
    bands = slices[(slices["slice"] == "predicted_age") & slices["coverage"].notna()]
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    faces, target = int(bands["exact_rows"].sum()), f"{100 * coverage:.0f} %"
    style_axes(axes, title=f"Coverage of the {target} prediction intervals ({faces:,} faces)", y="true ages inside (%)")
    style_axes(below, x="predicted age (years), number of faces", y="mean width (years)")
    position = np.arange(len(bands))
    share, low, high = (100 * bands[name].to_numpy() for name in ("coverage", "coverage_low", "coverage_high"))
    axes.axhline(100 * coverage, color=VERMILLION, linewidth=1, linestyle="--", label=f"target: {target}")
    axes.errorbar(
        position,
        share,
        yerr=_error_bars(share, low, high),
        fmt="o",
        color=BLUE,
        capsize=3,
        label="measured, with 95 % interval",
    )
    axes.legend(frameon=False, loc="lower left")
    axes.set_ylim(np.min(share, initial=75) - 5, 102)  # error bars of small bands may be cut off below
    below.bar(position, bands["width_mean"].to_numpy(), width=0.6, color=SKY)
    names = [f"{value}\n({rows:,})" for value, rows in zip(bands["value"], bands["exact_rows"], strict=True)]
    below.set_xticks(position, names)
    return figure


def _draw_bars(axes: Axes, part: pd.DataFrame) -> None:
    """Draw the MAE of each row of a slice as a horizontal bar, the first row at the top."""
    position = np.arange(len(part))[::-1]
    mae, low, high = (part[name].to_numpy() for name in ("mae", "mae_low", "mae_high"))
    bars = _error_bars(mae, low, high)
    axes.barh(position, mae, height=0.62, color=SKY, xerr=bars, error_kw={"ecolor": DARK, "capsize": 2})
    for y, value, end in zip(position, mae, high, strict=True):
        axes.annotate(f"{value:.1f}", (end, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(
        position,
        [f"{value} ({rows:,})" for value, rows in zip(part["value"], part["exact_rows"], strict=True)],
    )


def _error_bars(middle: npt.NDArray[Any], low: npt.NDArray[Any], high: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the lengths of the error bars below and above each value, without negative rounding errors."""
    return np.stack([middle - low, high - middle]).clip(0)
