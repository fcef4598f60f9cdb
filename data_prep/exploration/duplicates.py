"""Photographs with several files, and files of one photograph whose labels disagree."""

from typing import Any

import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.exploration.parts import ALL, by_source, number

PHOTO_OF = {"duplicate": r"^duplicate_of:(.+)$", "label_conflict": r" on photo (.+)$"}
"""How the details of `data_prep.splits.dedup.resolve_duplicates` name the photo of a rejected row, by reason."""


def find_copies(faces: pd.DataFrame, grouped: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of photos with several files.

    Args:
        faces: All rows before duplicates were removed, with the columns of FACES.
        grouped: The rows that were kept.
        rejected: The rows that were not, with reason and detail.

    Returns:
        The columns of FACES with the labels as the sources give them, and `photo` and `conflict`, whether the labels
        of the photo conflict.
    """
    photos = [grouped.set_index("image_id")["photo"]]
    for reason, pattern in PHOTO_OF.items():
        rows = rejected[rejected["reason"] == reason].set_index("image_id")
        photos.append(rows["detail"].str.extract(pattern, expand=False))
    photo = pd.concat(photos).rename("photo")
    table = faces.join(photo, on="image_id")
    conflict = set(rejected.loc[rejected["reason"] == "label_conflict", "image_id"])
    table = table.assign(conflict=table["image_id"].isin(conflict))
    return table[table.groupby("photo")["image_id"].transform("size") > 1].reset_index(drop=True)


def list_photos(copies: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each photo with several files, the largest disagreement first.

    Returns:
        `photo`, `files`, `sources` (joined by spaces), `lowest_age` and `highest_age` of its labels, `gap`: the years
        between them (0 for overlapping intervals), `conflict`, and `<attribute>_differs` for each attribute.
    """
    photos = copies.groupby("photo")
    lowest, highest = photos["age_high"].min(), photos["age_low"].max()
    table = pd.DataFrame(
        {
            "files": photos.size(),
            "sources": photos["source"].agg(lambda names: " ".join(sorted(set(names)))),
            "lowest_age": photos["age_low"].min(),
            "highest_age": photos["age_high"].max(),
            "gap": (highest - lowest).clip(lower=0),
            "conflict": photos["conflict"].any(),
            **{f"{name}_differs": photos[name].nunique().gt(1) for name in ATTRIBUTES},
        }
    )
    return table.reset_index().sort_values(["gap", "photo"], ascending=[False, True], ignore_index=True)


def describe_copies(copies: pd.DataFrame, sources: list[str]) -> dict[str, dict[str, Any]]:
    """Return the figures of duplicates by source, and under `ALL` those of all.

    Returns:
        For each source: `photos` with several files, their `files`, `conflicts` (photos whose labels conflict) and
        their `conflict_files`, `across_sources` (photos with files of several sources), `median_gap` and `largest_gap`
        of all these photos in years, and `<attribute>_differs`, photos whose files disagree on it. A photo counts for
        each source that has a file of it.
    """
    found = {}
    parts = dict(by_source(copies))
    photos = list_photos(copies).set_index("photo")
    for source in (ALL, *sources):
        part = parts.get(source, copies.iloc[:0])
        mine = photos.loc[photos.index.isin(part["photo"])]
        found[source] = {
            "photos": len(mine),
            "files": len(part),
            "conflicts": int(mine["conflict"].sum()),
            "conflict_files": int(part["conflict"].sum()),
            "across_sources": int(mine["sources"].str.contains(" ").sum()),
            "median_gap": number(mine["gap"].median()),
            "largest_gap": number(mine["gap"].max()),
            **{f"{name}_differs": int(mine[f"{name}_differs"].sum()) for name in ATTRIBUTES},
        }
    return found
