"""A contact sheet of the photos with the most duplicate files, which shows a wrong threshold at a glance."""

from pathlib import Path

import pandas as pd

from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.pipeline.contact_sheets.sheet import distinct_parts, draw_contact_sheet

MAX_PHOTOS = 10
MAX_FILES = 8


def draw_duplicates(table: pd.DataFrame, *, crops: Path) -> Pixels:
    """Draw up to `MAX_FILES` files of each of the `MAX_PHOTOS` photos with the most files, one photo after the other.

    Args:
        table: Faces with the column `photo`, at least one row, before duplicates are removed.
        crops: Folder of the crops.

    Returns:
        `uint8 (height, width, 3)` RGB. Without duplicates it shows the first face with the caption "no duplicates".
    """
    sizes = table["photo"].value_counts()
    photos = sorted(sizes[sizes > 1].index, key=lambda name: (-sizes[name], name))[:MAX_PHOTOS]
    if not photos:
        return draw_contact_sheet([read_rgb(crops / table["crop"].iloc[0])], ["no duplicates"])
    rows = pd.concat([table[table["photo"] == name].head(MAX_FILES) for name in photos])
    numbers = [photos.index(photo) + 1 for photo in rows["photo"]]
    names = distinct_parts(rows["image_id"].tolist())
    captions = [
        f"{number} · age {age:g}\n{name}" for number, age, name in zip(numbers, rows["age"], names, strict=True)
    ]
    return draw_contact_sheet([read_rgb(crops / name) for name in rows["crop"]], captions, groups=numbers)
