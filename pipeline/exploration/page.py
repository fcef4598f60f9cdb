"""The page of an exploration: one file that needs no network."""

import base64
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES
from agelens.data_prep.core.images import Pixels, encode_jpeg
from agelens.data_prep.exploration.parts import ALL
from agelens.data_prep.exploration.quality import MEASURES
from agelens.pipeline.contact_sheets.sheet import fit_into_cell
from agelens.pipeline.exploration.age_charts import age_charts
from agelens.pipeline.exploration.columns import COLUMNS
from agelens.pipeline.exploration.findings import find_all, flat
from agelens.pipeline.exploration.flag_rows import flag_columns, flag_rows
from agelens.pipeline.exploration.image_charts import HISTOGRAMS, image_charts
from agelens.pipeline.reports.numbers import Record, records
from agelens.pipeline.reports.page import write_page

EVERY = "all sources"

MOST_PHOTOS = 20


def write_exploration(
    path: Path,
    summary: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    *,
    margin_fraction: float,
    samples: pd.DataFrame | None = None,
    crops: Mapping[str, Pixels] | None = None,
) -> None:
    """Write the page.

    Args:
        path: The file.
        summary: The content of summary.json.
        tables: As `agelens.data_prep.exploration.summary.make_tables` returns them.
        margin_fraction: The margin that crops should have.
        samples: The sample faces, as `choose_samples` returns them. None shows no faces, so that the page can be shared
            even if the photographs cannot.
        crops: Their crops by `image_id`.
    """
    every = _part(summary["all"], EVERY, "all")
    parts = [_part(part, name, f"sources.{name}") for name, part in summary["sources"].items()]
    flags = tables["flags"][tables["flags"]["band"] == ALL]
    measures = tables["measures"].assign(title=[_title(name) for name in tables["measures"]["measure"]])
    values = {
        "sources": ", ".join(summary["sources"]),
        "every": every,
        "balance": Record(summary["balance"], file="summary.json#balance"),
        "findings": find_all(every, tables["attributes"], margin_fraction=margin_fraction),
        "parts": [every, *parts] if len(parts) > 1 else parts,
        "columns": COLUMNS | {"flags": flag_columns(flags, every=EVERY)},
        "flow": records(_shown(tables["flow"]), file="tables/flow.csv"),
        "attributes": records(_shown(tables["attributes"]), file="tables/attributes.csv"),
        "splits": records(_shown(tables["splits"]), file="tables/splits.csv"),
        "measures": records(_by_measure(_shown(measures)), file="tables/measures.csv"),
        "flags": flag_rows(flags, summary["flags"]),
        "photos": records(tables["photos"].head(MOST_PHOTOS), file="tables/photos.csv"),
        "histograms": [f"measure_{name}" for name in HISTOGRAMS],
        "faces": [] if samples is None else _sample_rows(samples, crops or {}),
    }
    charts = age_charts(tables) | image_charts(tables)
    write_page(path, "eda.html.j2", values, charts=charts, package="agelens.pipeline.exploration")


def _part(part: Mapping[str, Any], name: str, place: str) -> Record:
    """Return the figures of one source."""
    values = flat(part) | {"name": name, "origins": ", ".join(part["age_origin"])}
    return Record(values, file=f"summary.json#{place}")


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows to show, without those of all sources if there is only one."""
    several = table["source"].nunique() > 2
    shown = table if several else table[table["source"] != ALL]
    return shown.replace({"source": {ALL: EVERY}})


def _by_measure(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with those of one measure next to each other, so that sources can be compared."""
    order = {name: index for index, name in enumerate(MEASURES)}
    return rows.sort_values("measure", key=lambda names: names.map(order), kind="stable")


def _title(measure: str) -> str:
    unit = MEASURES[measure].unit
    return MEASURES[measure].title + (f", {unit}" if unit else "")


def _sample_rows(samples: pd.DataFrame, crops: Mapping[str, Pixels]) -> list[dict[str, Any]]:
    """Return the sample faces by source and band."""
    found = []
    for (source, band), some in samples.groupby(["source", "band"], sort=False):
        faces = [{"age": _label(row), "data": _jpeg(crops[row["image_id"]])} for row in some.to_dict("records")]
        found.append({"source": source, "band": band, "faces": faces})
    return sorted(found, key=lambda each: (each["source"], BAND_NAMES.index(each["band"])))


def _label(row: Mapping[Hashable, Any]) -> str:
    low, high = row["age_low"], row["age_high"]
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _jpeg(crop: Pixels) -> str:
    return base64.b64encode(encode_jpeg(fit_into_cell(crop))).decode()
