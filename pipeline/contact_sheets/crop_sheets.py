"""Contact sheets of the crops that were kept, and of the images that were rejected for each reason."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.images import Pixels, decode_rgb, read_rgb, write_png
from agelens.data_prep.faces.cropper import crop_name
from agelens.data_prep.sources.remote import read_content
from agelens.pipeline.contact_sheets.sheet import distinct_parts, draw_contact_sheet, fit_into_cell

MAX_CELLS = 48

SHOWN_AS_PHOTOGRAPH = ("no_face", "too_many_faces")
"""Reasons that are seen in the whole photograph."""

SHOWN_AS_CROP = ("too_small", "blurred")
"""Reasons that are seen in the crop."""


def draw_crop_sheets(faces: pd.DataFrame, rejected: pd.DataFrame, *, crops: Path, folder: Path) -> None:
    """Draw `crops.png` and one `rejected_REASON.png` for each reason, and remove the sheets that have no image.

    A sheet shows at most `MAX_CELLS` images, spread evenly over the table. Files that cannot be read are on no sheet.

    Args:
        faces: Rows that were kept; follows FACES.
        rejected: Rows that were rejected; follows REJECTED.
        crops: Folder of the crops.
        folder: Where the sheets go.
    """
    kept = _spread(faces)
    details = [f"age {age:g}" for age in kept["age"]]
    _write_sheet(folder / "crops.png", [read_rgb(crops / name) for name in kept["crop"]], details, kept["image_id"])
    for reason in (*SHOWN_AS_PHOTOGRAPH, *SHOWN_AS_CROP):
        rows = _spread(rejected[rejected["reason"] == reason])
        # Scaled one by one, because the photographs of a sheet may take gigabytes together.
        images = [fit_into_cell(_read_rejected(row, crops)) for row in rows.to_dict("records")]
        _write_sheet(folder / f"rejected_{reason}.png", images, rows["detail"].tolist(), rows["image_id"])


def _write_sheet(path: Path, images: list[Pixels], details: list[str], names: "pd.Series[str]") -> None:
    """Write a sheet with a detail and the distinct part of the name below each image."""
    if not images:
        path.unlink(missing_ok=True)
        return
    captions = [f"{detail}\n{name}" for detail, name in zip(details, distinct_parts(names.tolist()), strict=True)]
    write_png(path, draw_contact_sheet(images, captions))


def _read_rejected(row: dict[Hashable, Any], crops: Path) -> Pixels:
    if row["reason"] in SHOWN_AS_PHOTOGRAPH:
        return decode_rgb(read_content(row["path"]))
    return read_rgb(crops / crop_name(row["image_id"], source=row["source"]))


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[np.linspace(0, len(table) - 1, min(MAX_CELLS, len(table))).astype(int)]
