"""The pictures, one function each: tables in, a matplotlib `Figure` out.

Figures are made by themselves, not through pyplot, so that nothing global changes and a stage, a test and a web worker
may all draw at once. Colours are those of Okabe & Ito (2008, *Color Universal Design*), which colour-blind people can
tell apart.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from agelens.data_prep.core.atomic import write_bytes
from agelens.data_prep.core.labels import MAX_AGE, AgeGroups
from agelens.models.evaluation.metrics import row_scores

BLUE, SKY, ORANGE, GREEN, VERMILLION = "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#D55E00"
INK, QUIET, LINE = "#222222", "#6B6B6B", "#DDDDDD"
DENSITY = LinearSegmentedColormap.from_list("density", ["#E3EFF7", SKY, BLUE, "#00263B"])
DPI = 160
"""Eight inches are 1280 pixels: sharp on a dense screen, and still readable where shown 800 wide."""

FEW_FACES = 10
"""An age with fewer faces gets a pale dot instead of a place on the curve."""


def figure_png(figure: Figure) -> bytes:
    """Return a figure as PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as PNG, whole or not at all."""
    write_bytes(path, figure_png(figure))


def draw_predicted_against_true(predictions: pd.DataFrame) -> Figure:
    """Draw how many faces of each exact true age were given which age; a perfect model fills the diagonal."""
    exact = predictions[row_scores(predictions)["mae"].notna()]
    figure, axes = _figure(
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
    top = np.max(np.asarray(cells.get_array()), initial=10)
    cells.set_norm(LogNorm(1, float(top)))
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
    """Draw which age group the faces of each true group were put into, as shares of the true group and counts."""
    grouped = predictions[predictions["true_age_group"] >= 0]
    counts = np.zeros((len(groups), len(groups)), dtype=int)
    np.add.at(counts, (grouped["true_age_group"].to_numpy(), grouped["age_group"].to_numpy()), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _figure(
        f"Age groups, as shares of each true group ({len(grouped):,} faces)",
        x="predicted age group (years)",
        y="true age group (years)",
        height=6.4,
    )
    axes.imshow(shares, cmap=DENSITY, vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{100 * share:.0f} %\n({counts[row, column]:,})" if share else ""
        axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.45 else INK, fontsize=9)
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
    """Draw the signed error at each exact true age, median and middle 90 %, above the number of faces."""
    bias = row_scores(predictions)["bias"].dropna()
    by_age = bias.groupby(predictions.loc[bias.index, "true_age"].round())
    ages = np.arange(MAX_AGE + 1)
    faces = by_age.size().reindex(ages, fill_value=0).to_numpy()
    low, median, high = (by_age.quantile(share).reindex(ages).to_numpy(dtype=float) for share in (0.05, 0.5, 0.95))
    enough = faces >= FEW_FACES
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    _tidy(axes, title=f"Error by true age ({len(bias):,} faces)", y="predicted minus true age (years)")
    _tidy(below, x="true age (years)", y="faces")
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.fill_between(ages, low, high, where=enough, color=BLUE, alpha=0.18, linewidth=0, label="middle 90 % of faces")
    axes.plot(ages, np.where(enough, median, np.nan), color=BLUE, linewidth=1.6, marker=".", label="median")
    axes.plot(ages[~enough], median[~enough], ".", color=SKY, label=f"median of fewer than {FEW_FACES} faces")
    axes.legend(frameon=False)
    below.bar(ages, faces, width=0.9, color=QUIET)
    axes.set_xlim(-1, MAX_AGE + 1)
    return figure


def draw_mae_by_slice(slices: pd.DataFrame) -> Figure:
    """Draw the MAE of every gender, ethnicity and source with its 95 % interval, beside the MAE of all faces."""
    judged = slices[slices["mae"].notna()]
    parts = {name: judged[judged["slice"] == name] for name in ("gender", "ethnicity", "source")}
    parts = {name: part for name, part in parts.items() if len(part)}
    heights = [len(part) + 0.6 for part in parts.values()]
    figure = Figure(figsize=(8, 1.4 + 0.42 * sum(heights)), layout="constrained")
    figure.suptitle(
        "Mean absolute error by slice (number of faces), with 95 % intervals", x=0.01, ha="left", fontsize=12, color=INK
    )
    panels = figure.subplots(max(len(parts), 1), 1, sharex=True, squeeze=False, height_ratios=heights or [1])[:, 0]
    for axes, (name, part) in zip(panels, parts.items(), strict=False):
        _tidy(axes, grid="x")
        _draw_bars(axes, part)
        axes.set_ylabel(name)
        for whole in judged.loc[judged["slice"] == "all", "mae"]:
            axes.axvline(whole, color=VERMILLION, linewidth=1, linestyle="--", label="all faces")
    if parts:
        panels[0].legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1))
    panels[-1].set_xlabel("mean absolute error (years)")
    return figure


def draw_coverage(slices: pd.DataFrame, *, coverage: float = 0.9) -> Figure:
    """Draw how many true ages lie inside the predicted interval, and how wide it is, by band of the predicted age."""
    bands = slices[(slices["slice"] == "predicted_age") & slices["coverage"].notna()]
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    count, promised = int(bands["exact_rows"].sum()), f"{100 * coverage:.0f} %"
    _tidy(axes, title=f"Do the {promised} intervals hold? ({count:,} faces)", y="true ages inside (%)")
    _tidy(below, x="predicted age (years), number of faces", y="mean width (years)")
    position = np.arange(len(bands))
    share, low, high = (100 * bands[name].to_numpy() for name in ("coverage", "coverage_low", "coverage_high"))
    axes.axhline(100 * coverage, color=VERMILLION, linewidth=1, linestyle="--", label=f"promised: {promised}")
    axes.errorbar(
        position,
        share,
        yerr=_reach(share, low, high),
        fmt="o",
        color=BLUE,
        capsize=3,
        label="found, with 95 % interval",
    )
    axes.legend(frameon=False, loc="lower left")
    axes.set_ylim(np.min(share, initial=75) - 5, 102)  # bands of a few faces may reach below the frame
    below.bar(position, bands["width_mean"].to_numpy(), width=0.6, color=SKY)
    names = [f"{value}\n({rows:,})" for value, rows in zip(bands["value"], bands["exact_rows"], strict=True)]
    below.set_xticks(position, names)
    return figure


def draw_history(history: pd.DataFrame) -> Figure:
    """Draw both phases of a training on one axis of epochs.

    Args:
        history: One row per epoch, in order, with the columns `phase`, `age_mae`, `val_age_mae` and `learning_rate`.
    """
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    epochs = np.arange(1, len(history) + 1)
    _tidy(axes, title=f"Training ({len(history)} epochs)", y="mean absolute error (years)")
    _tidy(below, x="epoch, both phases", y="learning rate")
    validation = history["val_age_mae"].to_numpy(dtype=float)
    axes.plot(epochs, history["age_mae"], color=QUIET, linewidth=1.4, marker=".", label="training")
    axes.plot(epochs, validation, color=BLUE, linewidth=1.8, marker=".", label="validation")
    if np.isfinite(validation).any():
        at = int(np.nanargmin(validation))
        label = f"best: {validation[at]:.2f} (epoch {epochs[at]})"
        axes.plot(epochs[at], validation[at], "o", color=VERMILLION, label=label)
    below.step(epochs, history["learning_rate"], where="mid", color=GREEN, linewidth=1.6, marker=".")
    if (history["learning_rate"] > 0).any():
        below.set_yscale("log")
        below.yaxis.set_major_locator(LogLocator(subs=(1, 3), numticks=4))
        below.yaxis.set_major_formatter("{x:g}")
        below.yaxis.set_minor_formatter(NullFormatter())
    phases = history["phase"].tolist()
    for last in (i for i in range(1, len(phases)) if phases[i] != phases[i - 1]):
        for panel in (axes, below):
            panel.axvline(last + 0.5, color=INK, linewidth=0.8, linestyle="--")
        name = str(phases[last]).replace("phase", "").strip(" _")
        axes.annotate(f" phase {name}", (last + 0.5, 1), xycoords=("data", "axes fraction"), va="top", color=QUIET)
    axes.legend(frameon=False)
    below.xaxis.get_major_locator().set_params(integer=True)
    return figure


def draw_age_distribution(splits: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the ages of each split, as shares of the split by bins of two years.

    Args:
        splits: Tables with the column `age`, by name, for example train, val and test.
    """
    figure, axes = _figure("Ages in each split", x="age (years)", y="share of the split (%)")
    for (name, table), color in zip(splits.items(), (QUIET, ORANGE, BLUE, GREEN, VERMILLION), strict=False):
        counts, edges = np.histogram(table["age"], bins=np.arange(0, MAX_AGE + 4, 2))
        shares = 100 * counts / max(len(table), 1)
        axes.stairs(shares, edges, color=color, linewidth=1.6, label=f"{name} ({len(table):,} faces)")
    axes.set_xlim(0, MAX_AGE + 2)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _figure(title: str, *, x: str, y: str, height: float = 4.6) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.subplots()
    _tidy(axes, title=title, x=x, y=y)
    return figure, axes


def _tidy(axes: Axes, *, title: str = "", x: str = "", y: str = "", grid: Any = "y") -> None:
    """Give axes the one quiet style: title to the left, two spines, a pale grid behind the data."""
    axes.set_title(title, loc="left", fontsize=12, color=INK)
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelcolor=INK)
    axes.grid(axis=grid, color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)


def _draw_bars(axes: Axes, part: pd.DataFrame) -> None:
    position = np.arange(len(part))[::-1]
    mae, low, high = (part[name].to_numpy() for name in ("mae", "mae_low", "mae_high"))
    reach = _reach(mae, low, high)
    axes.barh(position, mae, height=0.62, color=SKY, xerr=reach, error_kw={"ecolor": INK, "capsize": 2})
    for y, value, end in zip(position, mae, high, strict=True):
        axes.annotate(f"{value:.1f}", (end, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(
        position,
        [f"{value} ({rows:,})" for value, rows in zip(part["value"], part["exact_rows"], strict=True)],
    )


def _reach(middle: npt.NDArray[Any], low: npt.NDArray[Any], high: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return how far an interval reaches to either side, which rounding must not turn negative."""
    return np.stack([middle - low, high - middle]).clip(0)
