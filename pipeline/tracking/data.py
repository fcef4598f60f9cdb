"""What the W&B runs of the stages on data show: `crop_faces`, `split` and `eda`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.exploration.parts import ALL
from agelens.pipeline.tracking.run import Run

EDA_FIGURES = (
    *("labels.rows", "labels.exact", "labels.missing_gender", "labels.missing_ethnicity", "labels.clipped"),
    *("ages.mean", "ages.median", "ages.sd", "ages.skewness", "ages.band_imbalance"),
    *("duplicates.files", "duplicates.conflicts", "duplicates.across_sources"),
    *("rows.crop_faces", "rows.deduplicate", "rows.split", "rows.rebalance"),
)
"""Figures over all sources in the summary of the run of `eda`, by part and name in its summary.json."""

EDA_TABLES = ("flow", "bands", "attributes", "measures", "flags", "splits")
"""Tables of `eda` in its run; the others have a row per photograph, or draw its histograms."""


def log_crops(tracked: Run, counts: pd.DataFrame, *, kept: int, sheet: Path) -> None:
    """Log how many photographs became crops, why the others did not, and some crops if the run may show faces.

    Args:
        tracked: The run of `crop_faces`.
        counts: Number of `images` by `source` and `outcome`.
        kept: Number of crops.
        sheet: The contact sheet of crops.
    """
    photographs = int(counts["images"].sum())
    by_outcome = counts.groupby("outcome")["images"].sum()
    tracked.summarise(
        {
            "crops/photographs": photographs,
            "crops/faces": kept,
            "crops/rejected": photographs - kept,
            **{f"crops/outcome/{outcome}": int(images) for outcome, images in by_outcome.items()},
        }
    )
    tracked.log_table("crops/counts", counts)
    if tracked.may_show_faces() and sheet.is_file():
        tracked.log_image("crops/contact sheet", sheet)


def log_splits(tracked: Run, splits: Mapping[str, pd.DataFrame]) -> None:
    """Log the rows of each split, and by source.

    Args:
        tracked: The run of `split`.
        splits: Tables by name; follow SPLIT.
    """
    tracked.summarise({f"split/{name}": len(table) for name, table in splits.items()})
    rows = pd.concat([table[["source"]].assign(split=name) for name, table in splits.items()])
    tracked.log_table("split/rows", rows.value_counts(sort=False).rename("rows").reset_index())


def log_exploration(tracked: Run, summary: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> None:
    """Log the main figures and tables of an exploration, and a chart of ages; no image.

    Args:
        tracked: The run of `eda`.
        summary: As `agelens.data_prep.exploration.summary.summarise` returns it.
        tables: As `make_tables` returns them.
    """
    figures = {name: summary["all"][name.partition(".")[0]][name.partition(".")[2]] for name in EDA_FIGURES}
    flags = {f"flags.{name}": share for name, share in summary["all"]["flags"].items()}
    known = {name: value for name, value in (figures | flags).items() if value is not None}
    tracked.summarise({f"eda/{name.replace('.', '/')}": value for name, value in known.items()})
    if not tracked.active:
        return
    import wandb  # noqa: PLC0415

    for name in EDA_TABLES:
        tracked.log_table(f"eda/{name}", tables[name])
    years = tables["years"]
    chart = wandb.Table(dataframe=years[years["source"] == ALL][["age", "rows"]])
    tracked.log({"eda/labelled ages": wandb.plot.bar(chart, "age", "rows", title="labelled photographs by age")})
