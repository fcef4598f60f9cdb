"""From faces to landmarks: the table of faces with the points of each."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.tables import LANDMARKS, POINT_COLUMNS
from agelens.data_prep.faces.crop import CropShape, box_in_crop
from agelens.data_prep.faces.points import FacePoints


def add_points(faces: pd.DataFrame, found: Iterable[FacePoints]) -> pd.DataFrame:
    """Return a table that follows LANDMARKS.

    Args:
        faces: Follows FACES.
        found: The points of each row, in order.
    """
    rows = list(found)
    points = np.array([row.points for row in rows]).reshape(len(rows), len(POINT_COLUMNS)).round(2)
    table = faces.assign(**dict(zip(POINT_COLUMNS, points.T, strict=True)))
    table["points_error"] = np.array([row.error for row in rows], dtype=float).round(4)
    table["framing"] = ["points" if row.located else "box" for row in rows]
    return table[LANDMARKS.names]


def boxes_in_crops(faces: pd.DataFrame, shape: CropShape) -> list[Boxes]:
    """Return the box `(4,)` of each row of a table that follows FACES, in pixels of its crop.

    The whole image is its own crop without a margin where no face was found.
    """
    bare = replace(shape, margin_fraction=0.0)
    rows = faces[["x1", "y1", "x2", "y2", "height", "width", "found"]].itertuples(index=False)
    return [
        box_in_crop(
            np.array([x1, y1, x2, y2]), shape if found == "detector" else bare, height=int(height), width=int(width)
        )
        for x1, y1, x2, y2, height, width, found in rows
    ]


def without_points(faces: pd.DataFrame) -> pd.DataFrame:
    """Return a table that follows LANDMARKS in which every face is framed by its box."""
    empty = dict.fromkeys((*POINT_COLUMNS, "points_error"), np.nan)
    return faces.assign(**empty, framing="box")[LANDMARKS.names]
