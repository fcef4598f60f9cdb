"""Charts of stages and images of an exploration, from its tables."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES
from agelens.data_prep.exploration.flow import READ
from agelens.data_prep.exploration.parts import ALL
from agelens.data_prep.exploration.quality import MEASURES
from agelens.pipeline.exploration.age_charts import shown_sources
from agelens.pipeline.reports.charts import BLUE, DENSITY, VERMILLION
from agelens.pipeline.reports.page import PageChart

HISTOGRAMS = (
    *("box_side", "margin", "enlargement", "detail", "sharpness", "brightness", "contrast", "saturation"),
    *("width", "jpeg_quality", "score", "faces"),
)
"""The measures whose histograms are drawn, unless all values are in one bar."""

FULL = 0.2
"""Share of the faces from which the colour is the darkest, so that small shares differ visibly."""


def image_charts(tables: Mapping[str, pd.DataFrame]) -> dict[str, PageChart]:
    """Return the charts of stages and images by name; `measure_<name>` are histograms.

    Args:
        tables: As `agelens.data_prep.exploration.summary.make_tables` returns them.
    """
    bars = tables["histograms"]
    used = bars[bars["faces"] > 0].groupby("measure")["low"].nunique()
    histograms = {f"measure_{name}": _draw_histogram(bars, name) for name in HISTOGRAMS if used.get(name, 0) > 1}
    return {"flow": _draw_flow(tables["flow"]), "flags": _draw_flags(tables["flags"]), **histograms}


def _draw_flow(flow: pd.DataFrame) -> PageChart:
    rows = flow[flow["source"] == ALL]
    step = rows["stage"] + ": " + rows["reason"].str.replace("_", " ")
    left = rows.assign(step=step, start=0, end=rows["left"], part="left")
    gone = rows.assign(step=step, start=rows["left"], end=rows["left"] + rows["removed"], part="removed")
    bars = pd.concat([left, gone[gone["removed"] > 0]])
    colour = alt.Scale(domain=["left", "removed"], range=[BLUE, VERMILLION])
    chart = (
        alt.Chart(bars)
        .mark_bar()
        .encode(
            y=alt.Y("step:N", sort=list(step), title=None, axis=alt.Axis(labelLimit=220)),
            x=alt.X("start:Q", title="rows", axis=alt.Axis(tickCount=4)),
            x2="end:Q",
            color=alt.Color("part:N", title=None, scale=colour),
            tooltip=["stage:N", "reason:N", alt.Tooltip("removed:Q", format=","), alt.Tooltip("left:Q", format=",")],
        )
        .properties(height=24 * len(rows))
    )
    return PageChart(
        title="From the files that were read to the rows to train on",
        caption=f"The first row, {READ}, is every file and line that the readers found.",
        chart=chart,
    )


def _draw_flags(flags: pd.DataFrame) -> PageChart:
    rows = flags[(flags["source"] == ALL) & (flags["band"] != ALL)]
    rows = rows.assign(condition=rows["flag"].str.replace("_", " "))
    scale = alt.Scale(type="sqrt", domain=[0, FULL], clamp=True, range=DENSITY)
    legend = alt.Legend(format=".0%", gradientLength=160, values=[0, 0.01, 0.05, FULL])
    chart = (
        alt.Chart(rows)
        .mark_rect()
        .encode(
            x=alt.X("band:O", sort=list(BAND_NAMES), title="age, years", axis=alt.Axis(labelAngle=-45)),
            y=alt.Y("condition:N", sort=list(rows["condition"].unique()), title=None),
            color=alt.Color("share:Q", title="share of the faces", scale=scale, legend=legend),
            tooltip=["condition:N", "band:O", "faces:Q", "of:Q", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=24 * rows["condition"].nunique())
    )
    return PageChart(
        title="Faces that stand out, by age",
        caption="A condition that depends on the age, such as grey photographs of the old, is a shortcut to it.",
        chart=chart,
        numbers=rows[["condition", "band", "faces", "of", "share"]],
        kinds=("text", "text", "count", "count", "share"),
    )


def _used_bars(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the bars from the first to the last that some face is in."""
    used = rows[rows["faces"] > 0]
    return rows[rows["low"].between(used["low"].min(), used["low"].max())]


def _draw_histogram(histograms: pd.DataFrame, name: str) -> PageChart:
    measure = MEASURES[name]
    rows = _used_bars(shown_sources(histograms[histograms["measure"] == name]))
    labels = [f"{low:g} to {high:g}" for low, high in zip(rows["low"], rows["high"], strict=True)]
    total = rows.groupby("source")["faces"].transform("sum")
    rows = rows.assign(range=labels, share=(rows["faces"] / total.where(total > 0)).fillna(0.0))
    unit = f", {measure.unit}" if measure.unit else ""
    first = rows["low"].map("{:g}".format)
    chart = (
        alt.Chart(rows.assign(first=first))
        .mark_bar()
        .encode(
            x=alt.X("first:O", sort=list(dict.fromkeys(first)), title=f"from{unit}", axis=alt.Axis(labelAngle=-45)),
            y=alt.Y("share:Q", title="share of the faces", axis=alt.Axis(format=".0%")),
            xOffset=alt.XOffset("source:N"),
            color=alt.Color("source:N", title=None),
            tooltip=["source:N", "range:N", alt.Tooltip("faces:Q", format=","), alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=170)
    )
    return PageChart(
        title=f"{measure.title}{unit}",
        caption="",
        chart=chart,
        numbers=rows.loc[rows["faces"] > 0, ["range", "source", "faces", "share"]],
        kinds=("text", "text", "count", "share"),
    )
