"""Self-contained pages with interactive charts: one file that can be mailed, printed and opened without a network.

A page extends the template `page.html.j2` of this package, which has the style and the content security policy, and
imports `macros.html.j2`: `figure` (a chart, its caption and its numbers as a table) and `table` (rows of a file).
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from agelens.data_prep.core.atomic import write_text
from agelens.pipeline.html import render_html
from agelens.pipeline.reports.charts import charts_script, page_spec
from agelens.pipeline.reports.numbers import Kind, plain_table


@dataclass(frozen=True)
class PageChart:
    """A chart with what belongs to it on a page.

    Args:
        title: Heading, which states what is shown, with units.
        caption: How to read it, in one or two sentences.
        chart: The chart.
        numbers: The same as a table, for readers without sight, mouse or script. Columns without rows mean that
            there is nothing to show: a sentence replaces the chart.
        kinds: How the columns of `numbers` are shown.
    """

    title: str
    caption: str
    chart: alt.TopLevelMixin
    numbers: pd.DataFrame = field(default_factory=pd.DataFrame)
    kinds: Sequence[Kind] = ()


def write_page(
    path: Path,
    template: str,
    values: Mapping[str, Any],
    *,
    charts: Mapping[str, PageChart],
    package: str = "agelens.pipeline.reports",
) -> None:
    """Write a page.

    Args:
        path: The file.
        template: File name of a template that extends `page.html.j2`, in the folder `templates` of `package`.
        values: What it shows, by name.
        charts: By the names by which the template shows them: `{{ page.figure(charts.NAME) }}`.
        package: Import name of the package with the template.
    """
    script = charts_script() if charts else ""
    drawn = {name: _drawn(name, chart) for name, chart in charts.items()}
    shared = {"charts": drawn, "script": script, "script_hash": _source_hash(script)}
    write_text(path, render_html(template, shared | dict(values), package=package))


def _drawn(name: str, chart: PageChart) -> dict[str, Any]:
    spec = page_spec(chart.chart, description=f"{chart.title}. {chart.caption}")
    return {
        "name": name,
        "title": chart.title,
        "caption": chart.caption,
        "spec": script_json(spec),
        "columns": list(chart.numbers.columns),
        "rows": plain_table(chart.numbers, chart.kinds),
    }


def script_json(content: object) -> str:
    """Return JSON that is safe inside a script element."""
    return json.dumps(content, sort_keys=True).replace("<", "\\u003c")


def _source_hash(script: str) -> str:
    """Return the hash by which a content security policy allows a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
