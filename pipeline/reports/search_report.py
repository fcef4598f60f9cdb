"""The plots of a search, and an interactive page of its trials: parallel coordinates in one self-contained file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.tables import read_figures
from agelens.pipeline.html import render_html
from agelens.pipeline.reports.figures import write_figure
from agelens.pipeline.reports.search_plots import SCORE, axis_positions, draw_importance, draw_trials


def draw_search(source: Path, folder: Path) -> None:
    """Draw `trials.png`, `importance.png` and `search.html`, or nothing if no search was run.

    Args:
        source: Folder of the tables that the stage `tune` writes: trials.csv, importance.csv and retrained.csv.
        folder: Where the files go.
    """
    if not (source / "trials.csv").is_file():
        return
    trials = read_figures(source / "trials.csv", columns=("trial",), numbers=(SCORE,), dtype={"trial": str})
    table = read_figures(source / "importance.csv", columns=("setting",), numbers=("importance",))
    importance = table.set_index("setting")["importance"]
    retrained = read_figures(
        source / "retrained.csv", columns=("name",), numbers=("mean", "sd", "seeds"), dtype={"name": str}
    )
    settings = [name for name in trials.columns if name in importance.index]
    write_figure(folder / "trials.png", draw_trials(trials, settings))
    write_figure(folder / "importance.png", draw_importance(importance))
    write_search_page(
        folder / "search.html", trials=trials, settings=settings, importance=importance, retrained=retrained
    )


def write_search_page(
    path: Path,
    *,
    trials: pd.DataFrame,
    settings: Sequence[str],
    importance: pd.Series,
    retrained: pd.DataFrame,
) -> None:
    """Write the page.

    Args:
        path: The file.
        trials: Table of trials, best first.
        settings: The columns that were searched.
        importance: Of each setting, 0..1, highest first.
        retrained: `name`, `mean`, `sd` (NaN for one seed), `seeds` of the settings trained again, lowest mean first.
    """
    values = {
        "trials": len(trials),
        "data": _script_json(_coordinates(trials, settings)),
        "importance": [(str(name).replace("_", " "), float(share)) for name, share in importance.items()],
        "retrained": [
            {**row, "sd": f"{row['sd']:.3f}" if row["seeds"] > 1 else "unknown"} for row in retrained.to_dict("records")
        ],
    }
    write_text(path, render_html("search.html.j2", values, package="agelens.pipeline.reports"))


def _coordinates(trials: pd.DataFrame, settings: Sequence[str]) -> dict[str, Any]:
    """Return what the page's script draws: the axes, where each trial crosses them, and the rows of the table."""
    columns = [*settings, SCORE]
    axes, positions = [], []
    for name in columns:
        values, ticks = axis_positions(trials[name])
        positions.append(values.round(4).tolist())
        axes.append(
            {"name": name.replace("_", " "), "ticks": [[round(position, 4), label] for position, label in ticks]}
        )
    shown = [name for name in (*columns, "epochs", "bracket", "round", "trial") if name in trials]
    rows = json.loads(trials[shown].to_json(orient="values", double_precision=5))
    lines = [list(line) for line in zip(*positions, strict=True)]
    return {"axes": axes, "lines": lines, "names": shown, "rows": rows}


def _script_json(content: Any) -> str:
    """Return JSON that is safe inside a script element."""
    return json.dumps(content).replace("<", "\\u003c")
