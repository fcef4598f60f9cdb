"""The style of interactive charts, and charts as Vega-Lite specifications, as PNG files and as the script of a page.

Charts are built with Altair, which checks them against the schema of Vega-Lite; vl-convert contains the script that
draws them, so that pages need no network. The colours of marks are those of Okabe & Ito (2008, *Color Universal
Design*), which colour-blind people can tell apart. A page replaces `INK`, `QUIET` and `LINE` by its own colours, light
or dark.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from agelens.data_prep.core.atomic import write_bytes

BLUE, SKY, ORANGE, GREEN, VERMILLION, PINK, YELLOW = (
    *("#0072B2", "#56B4E9", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#F0E442"),
)
INK, QUIET, LINE = "#222222", "#5c6670", "#d9dee3"
DENSITY = ["#D4E8F5", SKY, BLUE, "#013A5E"]
"""Few faces to many."""

ON_DARK, ON_PALE = "#FFFFFF", "#101010"
"""Of text on the dark and on the pale colours of `DENSITY`; these two are the same on every page."""

HEIGHT = 300
PNG_WIDTH, PNG_SCALE = 640, 2

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
PNG_FONT = "sans-serif"

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "gridColor": LINE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "axisX": {"labelOverlap": True},
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "orient": "top",
        "direction": "horizontal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 0,
    },
    "header": {"labelColor": INK, "titleColor": INK},
    "text": {"color": INK, "fontSize": 12},
    "rule": {"color": INK},
    "range": {"category": [BLUE, ORANGE, GREEN, VERMILLION, PINK, SKY], "heatmap": DENSITY, "ramp": DENSITY},
}


def page_spec(chart: alt.TopLevelMixin, *, description: str) -> dict[str, Any]:
    """Return the specification of a chart for a page: as wide as its container, in the common style.

    Args:
        chart: Of any kind; `height` may be set, and is `HEIGHT` otherwise. Concatenated charts keep their own widths.
        description: What a screen reader says in place of the drawing.
    """
    spec: dict[str, Any] = chart.to_dict()
    if not {"hconcat", "vconcat", "concat", "facet", "repeat"} & set(spec):
        spec |= {"width": "container", "height": spec.get("height", HEIGHT)}
        spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec.pop("$schema", None)
    return spec | {"description": description, "config": CONFIG | {"font": FONT}}


def chart_png(chart: alt.TopLevelMixin, title: str) -> bytes:
    """Return a chart below its title as PNG on white, 640 x 2 pixels wide; equal charts give equal bytes."""
    spec = page_spec(chart, description="")
    spec["title"] = {"text": title, "anchor": "start", "color": INK, "fontSize": 14}
    if spec.get("width") == "container":
        spec["width"] = PNG_WIDTH
    spec["config"] |= {"background": "#ffffff", "font": PNG_FONT, "padding": 10}
    return vl_convert.vegalite_to_png(spec, scale=PNG_SCALE)


def write_chart(path: Path, chart: alt.TopLevelMixin, title: str) -> None:
    """Write a chart as PNG, completely or not at all."""
    write_bytes(path, chart_png(chart, title))


@cache
def charts_script() -> str:
    """Return the script of a page: Vega, Vega-Lite and Vega-Embed, and the few lines that draw the charts (0.9 MB)."""
    snippet = files("agelens.pipeline.reports").joinpath("templates/charts.js").read_text(encoding="utf-8")
    script: str = vl_convert.javascript_bundle(snippet)
    return script.replace("</script", "<\\/script")
