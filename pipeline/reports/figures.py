"""The style of all plots, and figures as PNG files.

Plots are built from `matplotlib.figure.Figure`, not pyplot, which keeps global state. The colours are those of Okabe &
Ito (2008, *Color Universal Design*), which colour-blind people can tell apart.
"""

import io
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from agelens.data_prep.core.atomic import write_bytes

BLUE, SKY, ORANGE, GREEN, VERMILLION = "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#D55E00"
DARK, MUTED, PALE = "#222222", "#6B6B6B", "#DDDDDD"
DENSITY = LinearSegmentedColormap.from_list("density", ["#E3EFF7", SKY, BLUE, "#00263B"])
DPI = 160
"""A figure of 8 inches has 1280 pixels: sharp on a high-resolution screen, readable at 800 pixels."""


def figure_png(figure: Figure) -> bytes:
    """Return a figure as PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as PNG, completely or not at all."""
    write_bytes(path, figure_png(figure))


def new_figure(title: str, *, x: str, y: str, height: float = 4.6) -> tuple[Figure, Axes]:
    """Return a figure of one panel, 8 inches wide, with its title and axis labels."""
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.subplots()
    style_axes(axes, title=title, x=x, y=y)
    return figure, axes


def style_axes(axes: Axes, *, title: str = "", x: str = "", y: str = "", grid: Any = "y") -> None:
    """Apply the common style: title on the left, two spines, a pale grid behind the data."""
    axes.set_title(title, loc="left", fontsize=12, color=DARK)
    axes.set_xlabel(x, color=DARK)
    axes.set_ylabel(y, color=DARK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=DARK)
    axes.grid(axis=grid, color=PALE, linewidth=0.7)
    axes.set_axisbelow(True)
