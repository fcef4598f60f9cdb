"""A page about the crops: the outcome of every photograph, and contact sheets of each outcome."""

from pathlib import Path

import pandas as pd

from agelens.data_prep.core.atomic import write_text
from agelens.pipeline.html import render_html

MEANINGS = {
    "detector": "kept: a face was found",
    "whole_image": "kept: no face was found, and the source is read as ready-made crops",
    "no_face": "no face was found",
    "too_small": "the face is smaller than min_side",
    "blurred": "the face is less sharp than min_sharpness",
    "too_many_faces": "there are more faces than max_faces",
    "too_large": "the image has too many pixels",
    "truncated": "the end of the file is missing",
    "empty_file": "the file is empty",
    "not_an_image": "the file is not an image",
    "unreadable": "the file could not be opened",
    "missing": "the file does not exist",
}
"""What the outcomes of the stage mean; other reasons are shown by their name."""


def write_crop_page(path: Path, counts: pd.DataFrame) -> None:
    """Write the page, which shows all sheets (`*.png`) of its folder.

    Args:
        path: The file.
        counts: Number of `images` by `source` and `outcome`.
    """
    sources = sorted(counts["source"].unique())
    table = counts.pivot_table(index="outcome", columns="source", values="images", fill_value=0, aggfunc="sum")
    kept_first = sorted(table.index, key=lambda outcome: (not meaning_of(outcome).startswith("kept"), outcome))
    rows = [
        {
            "outcome": outcome,
            "meaning": meaning_of(outcome),
            "images": [int(table.loc[outcome, name]) for name in sources],
        }
        for outcome in kept_first
    ]
    sheets = [(sheet.name, _title(sheet.stem)) for sheet in sorted(path.parent.glob("*.png"))]
    values = {"sources": sources, "rows": rows, "sheets": sheets}
    write_text(path, render_html("crops.html.j2", values, package="agelens.pipeline.contact_sheets"))


def meaning_of(outcome: str) -> str:
    """Return what an outcome means, in words."""
    return MEANINGS.get(outcome, outcome.replace("_", " "))


def _title(stem: str) -> str:
    """Return the heading of `crops.png` or `rejected_REASON.png`."""
    reason = stem.removeprefix("rejected_")
    return "Kept" if stem == "crops" else f"Rejected: {meaning_of(reason)}"
