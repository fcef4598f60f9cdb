"""Charts of a training: its learning curves, and the ages that the network was trained and evaluated on."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from agelens.data_prep.core.labels import MAX_AGE
from agelens.pipeline.reports.charts import BLUE, GREEN, ORANGE, QUIET, VERMILLION
from agelens.pipeline.reports.page import PageChart

BIN_YEARS = 2

CURVES = ("phase", "age_mae", "val_age_mae", "learning_rate")
"""The columns of a history that are drawn."""


def learning_curves(history: pd.DataFrame) -> PageChart:
    """Return the training and validation MAE of both phases.

    Args:
        history: One row per epoch, in order, with the columns `phase`, `age_mae`, `val_age_mae` and `learning_rate`.
    """
    table = history.assign(epoch=np.arange(1, len(history) + 1))
    rows = table.melt(["epoch", "phase"], ["age_mae", "val_age_mae"], "split", "mae")
    rows = rows.assign(split=rows["split"].map({"age_mae": "training", "val_age_mae": "validation"}))
    colors = alt.Color("split:N", scale=alt.Scale(domain=["training", "validation"], range=[ORANGE, BLUE]), title=None)
    tooltip = ["epoch:Q", "phase:O", "split:N", alt.Tooltip("mae:Q", format=".3f")]
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d"))
    y = alt.Y("mae:Q", title="mean absolute error, years", scale=alt.Scale(zero=False))
    curves = alt.Chart(rows).mark_line(point={"size": 45}).encode(x=x, y=y, color=colors, tooltip=tooltip)
    best = table.loc[[table["val_age_mae"].idxmin()]] if table["val_age_mae"].notna().any() else table.head(0)
    ring = (
        alt.Chart(best).mark_point(color=VERMILLION, size=180, strokeWidth=2.5).encode(x="epoch:Q", y="val_age_mae:Q")
    )
    reached = "".join(
        f" The ring marks the lowest validation MAE: {row.val_age_mae:.2f} years in epoch {row.epoch}."
        for row in best.itertuples()
    )
    return PageChart(
        f"Learning curves, {len(table)} epochs of both phases",
        "Phase 1 trains the heads on a frozen backbone; from the vertical line on, phase 2 also trains the top of the "
        f"backbone.{reached}",
        alt.layer(_phase_rules(table), curves, ring),
        table[["epoch", "phase", "age_mae", "val_age_mae"]],
        ("count", "count", "years", "years"),
    )


def learning_rates(history: pd.DataFrame) -> PageChart:
    """Return the learning rate by epoch."""
    table = history.assign(epoch=np.arange(1, len(history) + 1))
    scale = alt.Scale(type="log" if (table["learning_rate"] > 0).all() else "linear", nice=True)
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d"))
    y = alt.Y("learning_rate:Q", title="learning rate", scale=scale, axis=alt.Axis(format=".0e", tickCount=4))
    tooltip = ["epoch:Q", "phase:O", alt.Tooltip("learning_rate:Q", format=".2e")]
    line = alt.Chart(table).mark_line(color=GREEN, point={"color": GREEN, "size": 45}).encode(x=x, y=y, tooltip=tooltip)
    return PageChart(
        "Learning rate by epoch",
        "Of each phase's own optimizer.",
        alt.layer(_phase_rules(table), line).properties(height=170),
        table[["epoch", "phase", "learning_rate"]],
        ("count", "count", "number"),
    )


def ages_by_split(splits: Mapping[str, pd.DataFrame]) -> PageChart:
    """Return the ages of each split, as shares of the split in bins of two years.

    Args:
        splits: Tables with the column `age` by name: train, val and test.
    """
    edges = np.arange(0, MAX_AGE + 2 * BIN_YEARS, BIN_YEARS)
    rows = pd.concat(
        [
            pd.DataFrame({"split": name, "age": edges[:-1], "faces": np.histogram(table["age"], bins=edges)[0]})
            for name, table in splits.items()
        ]
    )
    rows["share"] = rows["faces"] / rows.groupby("split")["faces"].transform("sum").clip(lower=1)
    colors = alt.Color("split:N", scale=alt.Scale(domain=list(splits), range=[QUIET, ORANGE, BLUE]), title=None)
    tooltip = ["split:N", alt.Tooltip("age:Q", title="age from"), "faces:Q", alt.Tooltip("share:Q", format=".1%")]
    curves = (
        alt.Chart(rows)
        .mark_line(interpolate="step-after", strokeWidth=1.8)
        .encode(
            x=alt.X("age:Q", title="age, years"),
            y=alt.Y("share:Q", title="share of the split", axis=alt.Axis(format=".0%")),
            color=colors,
            tooltip=tooltip,
        )
    )
    bands = rows.assign(ages=rows["age"] // 10 * 10)
    bands = bands.pivot_table(index="ages", columns="split", values="faces", aggfunc="sum")
    bands = bands[list(splits)].rename_axis("ages from", axis=0).reset_index()
    return PageChart(
        "Ages in each split",
        "Before rebalancing. The three curves should be similar; ages that are rare here have the largest errors.",
        curves,
        bands,
        ["count"] * (1 + len(splits)),
    )


def _phase_rules(table: pd.DataFrame) -> alt.Chart:
    """Return a vertical line before the first epoch of each later phase."""
    first = table[table["phase"].diff().fillna(0) != 0]
    starts = pd.DataFrame({"start": first["epoch"] - 0.5})
    rules: alt.Chart = alt.Chart(starts).mark_rule(color=QUIET, strokeDash=[4, 4]).encode(x="start:Q")
    return rules
