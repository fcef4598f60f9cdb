"""Small tables and targets for tests; values that are not given have defaults."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import FACES, GROUPED, LANDMARKS, POINT_COLUMNS, SPLIT, make_table

Age = float | tuple[float, float]

DETECTED = {
    "x1": 10,
    "y1": 20,
    "x2": 110,
    "y2": 140,
    "score": 0.9,
    "found": "detector",
    "faces": 1,
    "width": 200,
    "height": 200,
    "sharpness": 120.0,
}
"""One face that the detector found in an image of 200 x 200 pixels."""

FIVE_GROUPS = AgeGroups((0, 13, 26, 43, 61))


def faces_table(
    n: int,
    *,
    ages: Sequence[Age] = (30,),
    sources: Sequence[str] = ("made",),
    subjects: Sequence[str | None] = (None,),
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return `n` rows that follow FACES. Values are cycled; a pair is an age interval; names count from 00000."""
    rows: list[dict[str, object]] = []
    for index in range(n):
        age, source = ages[index % len(ages)], sources[index % len(sources)]
        low, high = age if isinstance(age, tuple) else (age, age)
        name = f"{index:05d}.jpg" if names is None else names[index]
        rows.append(
            {
                "image_id": f"{source}/{name}",
                "source": source,
                "path": f"data/raw/{source}/{name}",
                "age_low": low,
                "age_high": high,
                "age": (low + high) / 2,
                "age_kind": "exact" if low == high else "interval",
                "age_clipped": False,
                "subject": subjects[index % len(subjects)],
                "crop": f"{source}/{name}",
                **DETECTED,
            }
        )
    return make_table(rows, FACES)


def landmarks_table(n: int, **options: Any) -> pd.DataFrame:
    """Return `n` rows that follow LANDMARKS, without points; options as of `faces_table`."""
    table = faces_table(n, **options).reindex(columns=LANDMARKS.names)
    types = dict.fromkeys((*POINT_COLUMNS, "points_error"), "float64")
    return table.astype(types).assign(framing="box")


def grouped_table(
    n: int,
    *,
    photos: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    ages: Sequence[Age] = (30,),
    sources: Sequence[str] = ("made",),
    subjects: Sequence[str | None] = (None,),
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return `n` rows that follow GROUPED; by default each is its own photo and group."""
    table = landmarks_table(n, ages=ages, sources=sources, subjects=subjects, names=names)
    table["photo"] = table["image_id"] if photos is None else np.resize(photos, n)
    table["group"] = table["photo"] if groups is None else np.resize(groups, n)
    return table[GROUPED.names]


def split_rows(n: int, *, ages: Sequence[Age] = (30,), sources: Sequence[str] = ("made",)) -> pd.DataFrame:
    """Return `n` rows that follow SPLIT, each its own group, in the age groups of `FIVE_GROUPS`."""
    table = grouped_table(n, ages=ages, sources=sources)
    return table.assign(age_group=FIVE_GROUPS.of_intervals(table["age_low"], table["age_high"]))[SPLIT.names]


def shuffled(table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return the rows in another order."""
    return table.sample(frac=1, random_state=seed).reset_index(drop=True)


def targets_for(count: int) -> dict[str, Any]:
    """Return targets of `count` faces: the number of the row as age, and two alternating age groups."""
    return {"age": np.arange(count, dtype=np.float32)[:, None] * [1, 1], "age_group": np.arange(count) % 2}
