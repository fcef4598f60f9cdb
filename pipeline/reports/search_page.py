"""A page to explore a search: parallel coordinates to brush, one HTML file that loads nothing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.atomic import write_text
from agelens.pipeline.reports.html import render_page
from agelens.pipeline.reports.search_plots import SCORE, axis_places


def write_search_page(
    path: Path,
    *,
    trials: pd.DataFrame,
    settings: Sequence[str],
    importance: pd.Series,
    summary: pd.DataFrame,
) -> None:
    """Write the page.

    Args:
        path: The file.
        trials: Table of trials, best first.
        settings: The columns that were searched.
        importance: Of each setting, 0..1, highest first.
        summary: `name`, `mean`, `sd`, `seeds` of what was trained again, lowest mean first.
    """
    values = {
        "trials": len(trials),
        "data": _script_json(_drawn(trials, settings)),
        "importance": [(str(name).replace("_", " "), float(share)) for name, share in importance.items()],
        "summary": summary.to_dict("records"),
    }
    write_text(path, render_page("search.html.j2", values))


def _drawn(trials: pd.DataFrame, settings: Sequence[str]) -> dict[str, Any]:
    """Return axes and trials as the script draws them: where each line crosses each axis, and what it stands for."""
    columns = [*settings, SCORE]
    axes, places = [], []
    for name in columns:
        values, marks = axis_places(trials[name])
        places.append(values.round(4).tolist())
        axes.append({"name": name.replace("_", " "), "marks": [[round(place, 4), label] for place, label in marks]})
    shown = [name for name in (*columns, "epochs", "bracket", "round", "trial") if name in trials]
    rows = json.loads(trials[shown].to_json(orient="values", double_precision=5))
    return {"axes": axes, "lines": [list(line) for line in zip(*places, strict=True)], "names": shown, "rows": rows}


def _script_json(content: Any) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(content).replace("<", "\\u003c")
