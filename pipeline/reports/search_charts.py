"""Charts of a search: its trials, each setting against the score, the curves of the trials, and what mattered."""

from collections.abc import Collection, Sequence

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.pipeline.reports.charts import BLUE, QUIET, SKY
from agelens.pipeline.reports.page import PageChart

SCORE = "val_age_mae"
SCORE_TITLE = "validation MAE, years"

FEW_VALUES = 6
"""Up to so many distinct numbers are spaced evenly on an axis of parallel coordinates."""

COLORS = alt.Scale(range=[BLUE, SKY, "#B9C6CF"])
"""Low scores to high ones."""


def trials_chart(trials: pd.DataFrame, *, settings: Sequence[str], log: Collection[str]) -> PageChart:
    """Return parallel coordinates: one line per trial through its settings to its score.

    Args:
        trials: Table of trials.
        settings: The columns that were searched.
        log: Those that were searched on a log scale.
    """
    names = [*settings, SCORE]
    axes = {name: axis_positions(trials[name], log=name in log) for name in names}
    order = [_readable(name) for name in names]
    lines = pd.DataFrame({_readable(name): positions for name, (positions, _) in axes.items()})
    lines = lines.assign(trial=trials["trial"].to_numpy(), mae=trials[SCORE].to_numpy())
    rows = lines.melt(["trial", "mae"], order, "axis", "position")
    ticks = pd.DataFrame(
        [(_readable(name), *tick) for name, (_, labels) in axes.items() for tick in labels],
        columns=["axis", "position", "label"],
    )
    x = alt.X("axis:N", sort=order, title=None, scale=alt.Scale(type="point"), axis=alt.Axis(labelAngle=0, grid=True))
    y = alt.Y("position:Q", title=None, axis=None, scale=alt.Scale(domain=[-0.05, 1.05]))
    hover = alt.selection_point(on="pointerover", nearest=True, fields=["trial"], empty=False)
    paths = (
        alt.Chart(rows)
        .mark_line(interpolate="linear")
        .encode(
            x=x,
            y=y,
            detail="trial:N",
            color=alt.Color("mae:Q", scale=COLORS, title=SCORE_TITLE),
            strokeWidth=alt.condition(hover, alt.value(4), alt.value(1.3)),
            opacity=alt.condition(hover, alt.value(1), alt.value(0.75)),
            order=alt.Order("index:Q"),
        )
        .transform_calculate(index=f"indexof({order}, datum.axis)")
    )
    points = (
        alt.Chart(rows)
        .mark_point(opacity=0, size=300)
        .encode(x=x, y=y, tooltip=["trial:N", alt.Tooltip("mae:Q", title=SCORE_TITLE, format=".3f")])
        .add_params(hover)
    )
    labels = alt.Chart(ticks).mark_text(align="left", dx=5, fontSize=11, color=QUIET)
    return PageChart(
        f"{len(trials)} trials",
        "Each line is a trial. It runs through the settings of the trial to its score; the lowest score is at the "
        "bottom of the last axis. A promoted trial has a line for each of its rungs.",
        alt.layer(paths, points, labels.encode(x=x, y=y, text="label:N")).properties(height=360),
    )


def setting_chart(trials: pd.DataFrame, setting: str, *, settings: Sequence[str], log: bool) -> PageChart:
    """Return the score of each trial by one setting.

    Args:
        trials: Table of trials.
        setting: The column.
        settings: All columns that were searched, for the tooltip.
        log: Whether it was searched on a log scale.
    """
    numbers = pd.api.types.is_numeric_dtype(trials[setting]) and (log or trials[setting].nunique() > FEW_VALUES)
    title = _readable(setting)
    if numbers:
        scale = alt.Scale(type="log", nice=False) if log else alt.Scale(type="linear", zero=False, nice=True)
        x = alt.X(f"{setting}:Q", title=title, scale=scale, axis=alt.Axis(format="~g", tickCount=5))
    else:
        words = not pd.api.types.is_numeric_dtype(trials[setting])
        form = alt.Axis(labelAngle=0) if words else alt.Axis(labelAngle=0, format="~g", formatType="number")
        x = alt.X(f"{setting}:O", title=title, axis=form)
    color = alt.Color("epochs:O", title="epochs", scale=alt.Scale(scheme="blues"))
    points = alt.Chart(trials[[*settings, SCORE, "epochs", "trial"]]).mark_circle(size=70, opacity=0.85)
    tooltip = ["trial:N", *settings, "epochs:Q", alt.Tooltip(f"{SCORE}:Q", format=".3f")]
    y = alt.Y(f"{SCORE}:Q", title=SCORE_TITLE, scale=alt.Scale(zero=False))
    return PageChart(
        f"Score by {title}" + (" (log axis)" if numbers and log else ""),
        "Each point is a trial.",
        points.encode(x=x, y=y, color=color, tooltip=tooltip).properties(height=220),
    )


def curves_chart(curves: pd.DataFrame, trials: pd.DataFrame) -> PageChart:
    """Return the validation MAE of each trial by epoch; a promoted trial continues the curve of its parent.

    Args:
        curves: `trial`, `epoch`, `age_mae` and `val_age_mae`.
        trials: Table of trials, best first.
    """
    known = curves.dropna(subset=[SCORE])
    scores = trials[["trial", "parent", SCORE]].rename(columns={SCORE: "best"})
    parents = scores.dropna(subset=["parent"]).merge(
        known.groupby("trial").tail(1), left_on="parent", right_on="trial", suffixes=("", "_of_parent")
    )
    joined = pd.concat([known.merge(scores, on="trial"), parents[["trial", "parent", "best", *known.columns[1:]]]])
    hover = alt.selection_point(on="pointerover", nearest=True, fields=["trial"], empty=False)
    tooltip = ["trial:N", "epoch:Q", alt.Tooltip(f"{SCORE}:Q", title=SCORE_TITLE, format=".3f")]
    lines = alt.Chart(joined).encode(
        x=alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y(f"{SCORE}:Q", title=SCORE_TITLE, scale=alt.Scale(zero=False)),
        detail="trial:N",
        color=alt.Color("best:Q", scale=COLORS, title="lowest of the trial"),
    )
    drawn = lines.mark_line().encode(strokeWidth=alt.condition(hover, alt.value(4), alt.value(1.5)))
    points = lines.mark_circle(size=45).encode(tooltip=tooltip).add_params(hover)
    numbers = known.sort_values(["trial", "epoch"], kind="stable")
    return PageChart(
        "Curves of the trials",
        "A curve that ends early belongs to a trial that was not promoted to the next rung. The curve of a promoted "
        "trial begins with the last epoch of its parent.",
        drawn + points,
        numbers[["trial", "epoch", "age_mae", SCORE]],
        ("text", "count", "years", "years"),
    )


def importance_chart(importance: pd.Series) -> PageChart:
    """Return the share of the scores' variance that each setting explains by itself, 0 to 1, highest first."""
    table = pd.DataFrame(
        {"setting": [_readable(str(name)) for name in importance.index], "share": importance.to_numpy()}
    )
    bars = (
        alt.Chart(table)
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("share:Q", title="share of the scores' variance", axis=alt.Axis(format=".0%")),
            y=alt.Y("setting:N", sort=table["setting"].tolist(), title=None),
            tooltip=["setting:N", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=40 + 26 * len(table))
    )
    return PageChart(
        "Importance of settings",
        "The share of the scores' variance that a setting explains by itself. Scores are ranks among trials of equal "
        "length.",
        bars,
        table,
        ("text", "share"),
    )


def axis_positions(values: pd.Series, *, log: bool) -> tuple[npt.NDArray[np.float64], list[tuple[float, str]]]:
    """Return the positions of values on an axis from 0 to 1, and the axis ticks as positions and labels.

    Words, and numbers of up to six distinct values, are spaced evenly in ascending order. More numbers are drawn to
    scale.

    Args:
        values: Of one column.
        log: Whether the scale is logarithmic.
    """
    distinct = sorted(values.unique())
    if not pd.api.types.is_numeric_dtype(values) or len(distinct) <= FEW_VALUES:
        steps = np.linspace(0, 1, len(distinct)) if len(distinct) > 1 else np.array([0.5])
        labels = [f"{value:.3g}" if isinstance(value, int | float) else str(value) for value in distinct]
        return values.map(distinct.index).map(steps.__getitem__).to_numpy(float), list(zip(steps, labels, strict=True))
    numbers = values.to_numpy(float)
    ends = np.array([numbers.min(), numbers.max()])
    low, high = np.log(ends) if log else ends
    scaled = ((np.log(numbers) if log else numbers) - low) / (high - low)
    ticks = [(position, float(low + position * (high - low))) for position in (0.0, 0.5, 1.0)]
    return scaled, [(position, f"{np.exp(tick) if log else tick:.2g}") for position, tick in ticks]


def _readable(name: str) -> str:
    return "score" if name == SCORE else name.replace("_", " ")
