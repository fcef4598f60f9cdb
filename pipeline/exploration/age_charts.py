"""Charts of the ages of an exploration, from its tables."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES
from agelens.data_prep.exploration.ages import MISSING, SEVERAL
from agelens.data_prep.exploration.parts import ALL
from agelens.pipeline.reports.charts import SKY, VERMILLION
from agelens.pipeline.reports.page import PageChart

DECADES = alt.Axis(values=list(range(0, 101, 10)), labelAngle=0)
BANDS = alt.X("band:O", sort=list(BAND_NAMES), title="age, years", axis=alt.Axis(labelAngle=-45))

MOST_COLOURS = 6
"""Values that the common colours can tell apart; more have those of a larger palette."""

SLICES = {"age_group": "Age groups", "gender": "Gender", "ethnicity": "Ethnicity"}


def shown_sources(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the sources by themselves; those of their sum say nothing more."""
    return table[table["source"] != ALL]


def age_charts(tables: Mapping[str, pd.DataFrame]) -> dict[str, PageChart]:
    """Return the charts of ages by name.

    Args:
        tables: As `agelens.data_prep.exploration.summary.make_tables` returns them.
    """
    slices = {name: _draw_bands(tables["bands"], name, title) for name, title in SLICES.items()}
    return {
        "years": _draw_years(tables["years"]),
        "sources": _draw_sources(tables["bands"]),
        **{name: chart for name, chart in slices.items() if chart is not None},
        "balance": _draw_balance(tables["balance"]),
    }


def _bars(rows: pd.DataFrame, *, x: Any, colour: str, **options: Any) -> Any:
    """Return stacked bars of photographs, with a colour for each value of a column; `options` are of the colour."""
    age = str(x.shorthand)
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("rows:Q", title="photographs"),
            color=alt.Color(f"{colour}:N", title=None, **options),
            tooltip=[f"{colour}:N", age, alt.Tooltip("rows:Q", format=",")],
        )
    )


def _draw_years(years: pd.DataFrame) -> PageChart:
    rows = shown_sources(years)
    chart = _bars(rows, x=alt.X("age:O", title="age, years", axis=DECADES), colour="source")
    return PageChart(
        title="Exact ages, photographs for each year",
        caption="Peaks at ages that end in 0 and 5 are rounded labels; gaps are ages that the network never learns.",
        chart=chart,
        numbers=rows[rows["rows"] > 0],
        kinds=("text", "count", "count"),
    )


def _draw_sources(bands: pd.DataFrame) -> PageChart:
    rows = shown_sources(bands[bands["slice"] == "all"])[["band", "source", "rows"]]
    chart = _bars(rows, x=BANDS, colour="source")
    return PageChart(
        title="All ages by source, photographs for each ten years",
        caption="Age intervals count with their middle.",
        chart=chart,
        numbers=rows,
        kinds=("text", "text", "count"),
    )


def _draw_bands(bands: pd.DataFrame, name: str, title: str) -> PageChart | None:
    """Return the chart of a slice of all sources, or None if no row has its label."""
    rows = bands[(bands["slice"] == name) & (bands["source"] == ALL)][["value", "band", "rows"]]
    if set(rows["value"]) <= {MISSING, SEVERAL}:
        return None
    values = list(rows["value"].unique())
    scale = alt.Scale(scheme="tableau20") if len(values) > MOST_COLOURS else alt.Undefined
    legend = alt.Legend(columns=3)
    chart = _bars(rows, x=BANDS, colour="value", sort=values, scale=scale, legend=legend).properties(height=230)
    return PageChart(
        title=f"{title} by age, photographs",
        caption="A value that is common at few ages lets a network learn the age from it.",
        chart=chart,
        numbers=rows,
        kinds=("text", "text", "count"),
    )


def _draw_balance(balance: pd.DataFrame) -> PageChart:
    rows = balance[balance["source"] == ALL]
    names = {"before": "train split", "draws": "draws in an epoch"}
    long = rows.rename(columns=names).melt("age", list(names.values()), "of", "rows")
    x = alt.X("age:O", title="age, years", axis=DECADES)
    tooltip = ["age:O", "of:N", alt.Tooltip("rows:Q", format=",")]
    colour = alt.Color("of:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[SKY, VERMILLION]))
    y = alt.Y("rows:Q", title="faces")
    before, after = long["of"] == names["before"], long["of"] == names["draws"]
    marks = (alt.Chart(long[before]).mark_bar(), alt.Chart(long[after]).mark_tick(thickness=2.5, orient="horizontal"))
    encoded = [mark.encode(x=x, y=y, color=colour, tooltip=tooltip) for mark in marks]
    return PageChart(
        title="Train split before and after rebalancing, exact ages",
        caption="Rare ages are drawn several times in an epoch, and ages above the limit are reduced to it.",
        chart=alt.layer(*encoded),
        numbers=rows.loc[rows["before"] > 0, ["age", "before", "after", "draws", "loss_share"]],
        kinds=("text", "count", "count", "count", "share"),
    )
