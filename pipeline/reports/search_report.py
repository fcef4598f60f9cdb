"""The charts and the page of a search, drawn from the files that the stage `tune` writes."""

from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.atomic import read_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import read_figures
from agelens.pipeline.reports.charts import write_chart
from agelens.pipeline.reports.numbers import Column, Record, records
from agelens.pipeline.reports.page import write_page
from agelens.pipeline.reports.search_charts import (
    SCORE,
    curves_chart,
    importance_chart,
    setting_chart,
    trials_chart,
)

PNG = ("trials", "curves", "importance")
"""Charts that are also written as PNG."""

FILES = ("curves.csv", "importance.csv", "retrained.csv", "search.json", "best.json")
"""What a search writes beside `trials.csv`."""

SEARCH_VALUES = {"scope": str, "tuner": str, "max_epochs": int, "budget": dict, "space": dict}
"""What the page needs of search.json."""

UNTUNED = "untuned"
"""Name of the settings of params.yaml in retrained.csv."""


def draw_search(source: Path, folder: Path) -> None:
    """Draw `trials.png`, `curves.png`, `importance.png` and `search.html`, or nothing if no search was run.

    Args:
        source: Folder of the files that the stage `tune` writes.
        folder: Where the files go.

    Raises:
        DataError: A file of the search is missing or damaged.
    """
    if not (source / "trials.csv").is_file():
        return
    for name in FILES:
        if not (source / name).is_file():
            msg = f"{source / name} is missing: the search is of an earlier version. Run `dvc repro tune`."
            raise DataError(msg)
    trials = read_figures(
        source / "trials.csv", columns=("trial",), numbers=(SCORE,), dtype={"trial": str, "parent": str}
    )
    curves = read_figures(
        source / "curves.csv", columns=("trial",), numbers=("epoch", "age_mae", SCORE), dtype={"trial": str}
    )
    table = read_figures(source / "importance.csv", columns=("setting",), numbers=("importance",))
    retrained = read_figures(
        source / "retrained.csv", columns=("name",), numbers=("mean", "sd", "seeds"), dtype={"name": str}
    )
    search = read_json(source / "search.json", required=SEARCH_VALUES)
    importance = table.set_index("setting")["importance"]
    settings = [name for name in search["space"] if name in trials]
    log = [name for name, domain in search["space"].items() if isinstance(domain, dict) and domain.get("log")]
    charts = {
        "trials": trials_chart(trials, settings=settings, log=log),
        "curves": curves_chart(curves, trials),
        "importance": importance_chart(importance),
        **{
            f"by_{name}": setting_chart(trials, name, settings=settings, log=name in log)
            for name in importance.index.intersection(settings, sort=False)
        },
    }
    for name in PNG:
        write_chart(folder / f"{name}.png", charts[name].chart, charts[name].title)
    values = {
        "search": Record(search, file="search.json"),
        "budget": Record(search["budget"], file="search.json"),
        "best": Record(read_json(source / "best.json", required={"winner": str}), file="best.json"),
        "by_setting": [name for name in charts if name.startswith("by_")],
        **_tables(trials, retrained, settings=settings),
    }
    write_page(folder / "search.html", "search.html.j2", values, charts=charts)


def _tables(trials: pd.DataFrame, retrained: pd.DataFrame, *, settings: list[str]) -> dict[str, Any]:
    """Return the rows and columns of the tables of the page."""
    ranked = trials.drop_duplicates(settings).reset_index(drop=True)[settings]
    ranked.index = pd.Index([str(rank) for rank in range(1, len(ranked) + 1)])
    joined = retrained.join(ranked, on="name")
    joined["name"] = joined["name"].replace(UNTUNED, "params.yaml")
    columns = [
        Column(name.replace("_", " "), name, "number" if pd.api.types.is_numeric_dtype(trials[name]) else "text")
        for name in settings
    ]
    score = Column("validation MAE", SCORE, "years")
    placed = trials.assign(place=range(1, len(trials) + 1))
    rungs = [
        *(Column(name, name, "count") for name in ("epochs", "bracket", "round")),
        *(Column(name, name) for name in ("trial", "parent")),
    ]
    return {
        "retrained": records(joined, file="retrained.csv"),
        "retrained_columns": [
            Column("place in the search", "name"),
            Column("mean MAE", "mean", "years"),
            Column("sd", "sd", "years"),
            Column("seeds", "seeds", "count"),
            *columns,
        ],
        "trials": records(placed, file="trials.csv"),
        "trials_columns": [Column("place", "place", "count"), score, *columns, *(c for c in rungs if c.key in trials)],
    }
