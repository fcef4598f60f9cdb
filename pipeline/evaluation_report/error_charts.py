"""Charts of errors, one function each: predictions in, an Altair chart and its numbers out."""

import altair as alt
import numpy as np
import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES, TEN_YEARS
from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE, AgeGroups
from agelens.models.evaluation.metrics import row_scores
from agelens.pipeline.reports.charts import BLUE, DENSITY, ON_DARK, ON_PALE, QUIET, SKY, VERMILLION
from agelens.pipeline.reports.numbers import one_text
from agelens.pipeline.reports.page import PageChart

CELL_YEARS = 2
MIN_FACES = 10
"""Ages with fewer faces have no quantiles of errors."""

MIN_CELL_FACES = 5
"""A cell of a group of people and an age band with fewer faces is left out."""


def predicted_against_true(predictions: pd.DataFrame) -> PageChart:
    """Return the number of faces by true and predicted age."""
    exact = predictions[predictions["true_age_low"] == predictions["true_age_high"]]
    cells = pd.DataFrame({name: exact[name] // CELL_YEARS * CELL_YEARS for name in ("true_age", "age")})
    counts = cells.value_counts().rename("faces").reset_index().sort_values(["true_age", "age"])
    counts = counts.assign(true_end=counts["true_age"] + CELL_YEARS, predicted_end=counts["age"] + CELL_YEARS)
    axis = alt.Scale(domain=[0, MAX_AGE + CELL_YEARS], nice=False)
    faces = (
        alt.Chart(counts)
        .mark_rect()
        .encode(
            x=alt.X("true_age:Q", scale=axis, title="true age, years"),
            x2="true_end:Q",
            y=alt.Y("age:Q", scale=axis, title="predicted age, years"),
            y2="predicted_end:Q",
            color=alt.Color("faces:Q", scale=alt.Scale(range=DENSITY, type="sqrt"), title="faces"),
            tooltip=[
                alt.Tooltip("true_age:Q", title="true age from"),
                alt.Tooltip("age:Q", title="predicted age from"),
                alt.Tooltip("faces:Q"),
            ],
        )
    )
    ends = pd.DataFrame({"true": [0, MAX_AGE], "predicted": [0, MAX_AGE]})
    diagonal = alt.Chart(ends).mark_line(color=VERMILLION).encode(x="true:Q", y="predicted:Q")
    return PageChart(
        f"Predicted against true age: {len(exact):,} faces",
        "Faces on the line are predicted exactly; above it, the prediction is too old. A cell is two years wide.",
        alt.layer(faces, diagonal).properties(height=420),
        _means_by_band(exact),
        ("text", "count", "years1", "years1"),
    )


def error_by_age(predictions: pd.DataFrame) -> PageChart:
    """Return the median and the middle 90 % of signed errors by true age."""
    errors = row_scores(predictions)["bias"].dropna()
    width = next(width for rows, width in ((5000, 1), (500, 5), (0, 10)) if len(errors) >= rows)
    ages = predictions.loc[errors.index, "true_age"] // width * width
    by_age = errors.groupby(ages)
    shares = {"low": 0.05, "median": 0.5, "high": 0.95}
    table = pd.DataFrame({name: by_age.quantile(share) for name, share in shares.items()} | {"faces": by_age.size()})
    table = (
        table[table["faces"] >= MIN_FACES]
        .rename_axis("age")
        .reset_index()
        .assign(middle=lambda t: t["age"] + width / 2)
    )
    names = [f"{age:.0f}" if width == 1 else f"{age:.0f}-{age + width - 1:.0f}" for age in table["age"]]
    table = table.assign(ages=names)
    base = alt.Chart(table).encode(x=alt.X("middle:Q", title="true age, years", scale=alt.Scale(zero=True)))
    tooltip = [
        alt.Tooltip("ages:N", title="true age"),
        *(alt.Tooltip(f"{name}:Q", format="+.1f") for name in ("low", "median", "high")),
        alt.Tooltip("faces:Q"),
    ]
    area = base.mark_area(color=SKY, opacity=0.3).encode(
        y=alt.Y("low:Q", title="predicted minus true age, years"), y2="high:Q"
    )
    line = base.mark_line(color=BLUE, point={"color": BLUE, "size": 50}).encode(y="median:Q", tooltip=tooltip)
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=QUIET).encode(y="zero:Q")
    return PageChart(
        f"Error by true age: {len(errors):,} faces, median and middle 90 %",
        "Above zero, predictions are too old; below zero, too young. Every imperfect model leans to the middle of the "
        f"ages that it was trained on. Ages with fewer than {MIN_FACES} faces are left out.",
        alt.layer(area, zero, line),
        table[["ages", "median", "low", "high", "faces"]],
        ("text", "signed", "signed", "signed", "count"),
    )


def confusion(predictions: pd.DataFrame, groups: AgeGroups) -> PageChart:
    """Return the shares of predicted age groups in each true age group."""
    grouped = predictions[predictions["true_age_group"] >= 0]
    counts = np.zeros((len(groups), len(groups)), dtype=int)
    np.add.at(counts, (grouped["true_age_group"].to_numpy(), grouped["age_group"].to_numpy()), 1)
    rows = pd.DataFrame(
        [
            {"true": groups.names[row], "predicted": groups.names[column], "faces": int(counts[row, column])}
            for row, column in np.ndindex(*counts.shape)
        ]
    )
    rows["share"] = rows["faces"] / rows.groupby("true")["faces"].transform("sum").clip(lower=1)
    order = list(groups.names)
    base = alt.Chart(rows).encode(
        x=alt.X("predicted:N", sort=order, title="predicted age group", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("true:N", sort=order, title="true age group"),
        tooltip=["true:N", "predicted:N", "faces:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range=DENSITY), legend=None)
    )
    text = base.mark_text(fontSize=13).encode(
        text=alt.Text("share:Q", format=".0%"),
        color=alt.condition("datum.share > 0.45", alt.value(ON_DARK), alt.value(ON_PALE)),
    )
    wide = rows.pivot_table(index="true", columns="predicted", values="faces", sort=False).reindex(
        index=order, columns=order
    )
    return PageChart(
        f"Age groups: shares of each true group, {len(grouped):,} faces",
        "Each row is one true age group; correct predictions are on the diagonal.",
        alt.layer(cells, text).properties(height=60 * len(groups)),
        wide.rename_axis("true, predicted", axis=0).reset_index(),
        one_text("count", len(order)),
    )


def mae_by_group_and_age(predictions: pd.DataFrame) -> PageChart:
    """Return the MAE of each class of people and each source in each age band."""
    exact = predictions.assign(mae=row_scores(predictions)["mae"])
    exact = exact[exact["mae"].notna()]
    bands = pd.Series(np.array(BAND_NAMES)[np.digitize(exact["true_age"], TEN_YEARS)], index=exact.index)
    parts = [_cells(exact["mae"], bands, pd.Series("all faces", index=exact.index))]
    for name in (*ATTRIBUTES, "source", "framing"):
        values = exact[name].dropna()
        if len(values.unique()) > 1:
            parts.append(_cells(exact["mae"], bands, name + " " + values.astype(str)))
    if all(len(exact[name].dropna().unique()) > 1 for name in ATTRIBUTES):
        both = exact.dropna(subset=list(ATTRIBUTES))
        parts.append(_cells(exact["mae"], bands, both["gender"].astype(str) + ", " + both["ethnicity"].astype(str)))
    cells = pd.concat(parts, ignore_index=True)
    rows = list(dict.fromkeys(cells["group"]))
    base = alt.Chart(cells).encode(
        x=alt.X(
            "band:N", sort=list(BAND_NAMES), title="true age, years", axis=alt.Axis(labelAngle=0, labelOverlap=True)
        ),
        y=alt.Y("group:N", sort=rows, title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["group:N", "band:N", alt.Tooltip("mae:Q", title="MAE, years", format=".2f"), "faces:Q"],
    )
    middle = float((cells["mae"].min() + cells["mae"].max()) / 2) if len(cells) else 0.0
    marks = base.mark_rect().encode(
        color=alt.Color("mae:Q", scale=alt.Scale(range=DENSITY, zero=False), title="MAE, years")
    )
    text = base.mark_text(fontSize=11).encode(
        text=alt.Text("mae:Q", format=".1f"),
        color=alt.condition(f"datum.mae > {middle:.3f}", alt.value(ON_DARK), alt.value(ON_PALE)),
    )
    wide = cells.pivot_table(index="group", columns="band", values="mae").reindex(index=rows)
    wide = wide[[band for band in BAND_NAMES if band in wide]]
    return PageChart(
        "MAE by age and by group of people, years",
        f"Read along a column: people of one age. Cells with fewer than {MIN_CELL_FACES} faces are empty. Labels are "
        "what annotators of the sources saw.",
        alt.layer(marks, text).properties(height=max(90, 26 * len(rows))),
        wide.reset_index(),
        one_text("years", len(wide.columns)),
    )


def _means_by_band(exact: pd.DataFrame) -> pd.DataFrame:
    """Return the mean true and predicted age of each band of true age."""
    bands = pd.Series(np.array(BAND_NAMES)[np.digitize(exact["true_age"], TEN_YEARS)], index=exact.index)
    means = exact.groupby(bands.rename("ages")).agg(
        faces=("age", "size"), mean_true=("true_age", "mean"), mean_predicted=("age", "mean")
    )
    return means.reset_index().rename(columns={"mean_true": "mean true age", "mean_predicted": "mean predicted age"})


def _cells(errors: "pd.Series[float]", bands: "pd.Series[str]", groups: "pd.Series[str]") -> pd.DataFrame:
    """Return the mean error and the number of faces of each group and age band with enough faces."""
    means = errors.loc[groups.index].groupby([groups.rename("group"), bands.loc[groups.index].rename("band")])
    cells = means.agg(mae="mean", faces="size").reset_index()
    return cells[cells["faces"] >= MIN_CELL_FACES]
