"""Charts of metrics with their 95 % intervals, one function each: a table of results in, a chart with numbers out."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.pipeline.reports.charts import BLUE, ORANGE, QUIET, VERMILLION
from agelens.pipeline.reports.numbers import Kind
from agelens.pipeline.reports.page import PageChart

ROW_HEIGHT = 28


def mae_by_slice(slices: pd.DataFrame) -> PageChart:
    """Return the MAE of each class of an attribute, source and framing."""
    parts = [slices[slices["slice"] == name] for name in (*ATTRIBUTES, "source", "framing")]
    parts = [part for part in parts if len(part) > 1 or set(part["slice"]) == {"source"}]
    measured = pd.concat(parts) if parts else slices.head(0)
    measured = measured[measured["mae"].notna()]
    measured = measured.assign(group=measured["slice"] + " " + measured["value"].astype(str))
    overall = slices.loc[slices["slice"] == "all", ["mae"]].dropna()
    rule = alt.Chart(overall).mark_rule(color=VERMILLION, strokeDash=[5, 3]).encode(x="mae:Q")
    return PageChart(
        "MAE by slice, years, with 95 % intervals",
        "The dashed line is the MAE of all faces. Groups differ in age, and errors grow with age, so it compares ages "
        "as much as people.",
        alt.layer(_intervals(measured, "group", "mae", "mean absolute error, years"), rule),
        measured[["group", "exact_rows", "mae", "mae_low", "mae_high"]],
        ("text", "count", "years", "years", "years"),
    )


def mae_by_band(slices: pd.DataFrame) -> PageChart:
    """Return the MAE and the bias of each band of true age."""
    bands = slices[(slices["slice"] == "true_age") & slices["mae"].notna()]
    names = {"mae": "mean absolute error", "bias": "bias: predicted minus true"}
    rows = pd.concat(
        [
            bands[["value", "exact_rows"]].assign(
                metric=text, years=bands[key], low=bands[f"{key}_low"], high=bands[f"{key}_high"]
            )
            for key, text in names.items()
        ]
    )
    colors = alt.Color("metric:N", scale=alt.Scale(domain=list(names.values()), range=[BLUE, ORANGE]), title=None)
    x = alt.X("value:N", sort=bands["value"].tolist(), title="true age, years", axis=alt.Axis(labelAngle=0))
    shift = alt.XOffset("metric:N", sort=list(names.values()))
    base = alt.Chart(rows).encode(x=x, xOffset=shift, color=colors)
    lines = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title="years"), y2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        y="years:Q",
        tooltip=[
            alt.Tooltip("value:N", title="true age"),
            "metric:N",
            *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("years", "low", "high")),
            alt.Tooltip("exact_rows:Q", title="faces"),
        ],
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=QUIET).encode(y="zero:Q")
    return PageChart(
        "Errors by true age, with 95 % intervals",
        "The worst ages are usually the rarest ones of the training split.",
        alt.layer(zero, lines, points),
        bands[["value", "exact_rows", "mae", "mae_low", "mae_high", "bias", "bias_low", "bias_high"]],
        ("text", "count", "years", "years", "years", "signed", "signed", "signed"),
    )


def standardised_mae(fairness: pd.DataFrame) -> PageChart:
    """Return the MAE of groups of people at equal ages."""
    rows = fairness[fairness["minus"].isna()]
    rows = rows.assign(
        group=rows["comparison"].where(rows["comparison"] != "gender x ethnicity", "") + " " + rows["value"]
    )
    return PageChart(
        "MAE at equal ages, years, with 95 % intervals",
        "Every group is given the same ages (direct standardisation). What is left can still be the quality of "
        "photographs.",
        _intervals(rows, "group", "mae", "standardised mean absolute error, years"),
        rows[["group", "faces_used", "mae", "mae_low", "mae_high"]],
        ("text", "count", "years", "years", "years"),
    )


def coverage_by_band(slices: pd.DataFrame, *, coverage: float) -> PageChart:
    """Return the coverage of prediction intervals by band of predicted age."""
    bands = slices[(slices["slice"] == "predicted_age") & slices["coverage"].notna()]
    base = alt.Chart(bands).encode(
        x=alt.X("value:N", sort=bands["value"].tolist(), title="predicted age, years", axis=alt.Axis(labelAngle=0))
    )
    share = alt.Axis(format=".0%")
    lines = base.mark_rule(color=BLUE, strokeWidth=2).encode(
        y=alt.Y("coverage_low:Q", title="true ages inside the interval", axis=share, scale=alt.Scale(zero=False)),
        y2="coverage_high:Q",
    )
    points = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(
        y="coverage:Q",
        tooltip=[
            alt.Tooltip("value:N", title="predicted age"),
            alt.Tooltip("coverage:Q", format=".1%"),
            alt.Tooltip("coverage_low:Q", title="low", format=".1%"),
            alt.Tooltip("coverage_high:Q", title="high", format=".1%"),
            alt.Tooltip("width_mean:Q", title="mean width, years", format=".1f"),
            alt.Tooltip("exact_rows:Q", title="faces"),
        ],
    )
    target = alt.Chart(pd.DataFrame({"target": [coverage]})).mark_rule(color=VERMILLION, strokeDash=[5, 3])
    return PageChart(
        f"Coverage of the {100 * coverage:.0f} % prediction intervals, with 95 % intervals",
        "The dashed line is the target. Where a point lies below it, the intervals are too narrow for these "
        "predictions.",
        alt.layer(lines, target.encode(y="target:Q"), points),
        bands[["value", "exact_rows", "coverage", "coverage_low", "coverage_high", "width_mean"]],
        ("text", "count", "share", "share", "share", "years1"),
    )


def error_rates(thresholds: pd.DataFrame) -> PageChart:
    """Return the error rates near age thresholds."""
    near = thresholds[(thresholds["ages"] == "near") & (thresholds["source"] == "all")]
    names = {
        "false_positive_rate": "younger, predicted as over it",
        "false_negative_rate": "older, predicted as under it",
    }
    rows = pd.concat(
        [
            near[["threshold"]].assign(kind=text, rate=near[key], low=near[f"{key}_low"], high=near[f"{key}_high"])
            for key, text in names.items()
        ]
    ).dropna(subset=["rate"])
    colors = alt.Color("kind:N", scale=alt.Scale(domain=list(names.values()), range=[VERMILLION, BLUE]), title=None)
    base = alt.Chart(rows).encode(
        x=alt.X("threshold:O", title="threshold, years", axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("kind:N", sort=list(names.values())),
        color=colors,
    )
    rate = alt.Axis(format=".0%")
    lines = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title="share of faces", axis=rate), y2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        y="rate:Q",
        tooltip=[
            "threshold:O",
            "kind:N",
            *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("rate", "low", "high")),
        ],
    )
    return PageChart(
        "Error rates near age thresholds, with 95 % intervals",
        "Faces whose true age is at most 5 years from the threshold.",
        alt.layer(lines, points),
        rows[["threshold", "kind", "rate", "low", "high"]],
        ("text", "text", "share", "share", "share"),
    )


def changes(robustness: pd.DataFrame) -> PageChart:
    """Return the change of the MAE by a degradation."""
    rows = robustness[robustness["condition"] != "clean"]
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=QUIET).encode(x="zero:Q")
    return PageChart(
        "Change of the MAE on degraded crops, years, with 95 % intervals",
        "The same faces, clean and degraded; right of zero, errors are larger than on clean crops.",
        alt.layer(_intervals(rows, "condition", "change", "change of the mean absolute error, years"), zero),
        rows[["condition", "change", "change_low", "change_high"]],
        ("text", "signed", "signed", "signed"),
    )


def mae_of_two_runs(bands: pd.DataFrame) -> PageChart:
    """Return the MAE by age of this run and of the run before.

    Args:
        bands: `run`, `value` (the age band), `mae`, `mae_low`, `mae_high`.
    """
    order: Sequence[str] = list(dict.fromkeys(bands["value"]))
    colors = alt.Color("run:N", scale=alt.Scale(domain=["this run", "previous run"], range=[BLUE, ORANGE]), title=None)
    base = alt.Chart(bands).encode(
        x=alt.X("value:N", sort=order, title="true age, years", axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("run:N", sort=["previous run", "this run"]),
        color=colors,
    )
    lines = base.mark_rule(strokeWidth=2).encode(y=alt.Y("mae_low:Q", title="MAE, years"), y2="mae_high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        y="mae:Q", tooltip=["run:N", alt.Tooltip("value:N", title="true age"), alt.Tooltip("mae:Q", format=".2f")]
    )
    kinds: Sequence[Kind] = ("text", "text", "years", "years", "years")
    return PageChart(
        "MAE by true age of both runs, with 95 % intervals",
        "Intervals of the two runs may overlap although the difference is real: they share test faces.",
        alt.layer(lines, points),
        bands[["value", "run", "mae", "mae_low", "mae_high"]],
        kinds,
    )


def _intervals(rows: pd.DataFrame, label: str, key: str, title: str) -> alt.LayerChart | alt.FacetChart:
    """Return points with horizontal intervals, one row each."""
    faces: Mapping[str, str] = {"exact_rows": "faces", "faces_used": "faces", "faces": "faces"}
    count = next((alt.Tooltip(f"{name}:Q", title=text) for name, text in faces.items() if name in rows), None)
    shown = [alt.Tooltip(f"{name}:Q", format=".2f") for name in (key, f"{key}_low", f"{key}_high")]
    base = alt.Chart(rows).encode(
        y=alt.Y(f"{label}:N", sort=rows[label].tolist(), title=None, axis=alt.Axis(labelLimit=170)),
        tooltip=[f"{label}:N", *shown, *([count] if count else [])],
    )
    lines = base.mark_rule(color=BLUE, strokeWidth=2).encode(
        x=alt.X(f"{key}_low:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=8)),
        x2=f"{key}_high:Q",
    )
    points = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(x=f"{key}:Q")
    return alt.layer(lines, points).properties(height=max(80, ROW_HEIGHT * len(rows)))
