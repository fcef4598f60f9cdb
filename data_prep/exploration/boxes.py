"""Boxes of a table of faces: their size, and how much of its margin each crop really has."""

import numpy as np
import pandas as pd

from agelens.data_prep.faces.crop import CropShape


def measure_boxes(faces: pd.DataFrame, shape: CropShape) -> pd.DataFrame:
    """Return the measures of each box, in the order of the rows.

    Args:
        faces: At least the columns of FACES.
        shape: How the crops were cut.

    Returns:
        `box_side`, the shorter side of the box in pixels of the photograph; `box_share`, its share of the photograph's
        area; `room`, the widest margin that fits into the photograph, and `margin`, the one that the crop has, both as
        a fraction of the box's longer side on each side; `enlargement`, pixels of the crop for each pixel of the
        photograph. `room` and `margin` are 0 where the crop is the whole image, whose box is not known.
    """
    width, height = faces["x2"] - faces["x1"], faces["y2"] - faces["y1"]
    longer = pd.concat([width, height], axis=1).max(axis=1)
    room = ((faces[["width", "height"]].min(axis=1) / longer - 1) / 2).clip(lower=0)
    margin = room.clip(upper=shape.margin_fraction) if shape.square else _clipped_margin(faces, shape)
    window = longer * (1 + 2 * margin)
    known = faces["found"] == "detector"
    return pd.DataFrame(
        {
            "box_side": pd.concat([width, height], axis=1).min(axis=1),
            "box_share": width * height / (faces["width"] * faces["height"]),
            "room": room.where(known, 0.0),
            "margin": margin.where(known, 0.0),
            "enlargement": shape.size / window,
        }
    )


def _clipped_margin(faces: pd.DataFrame, shape: CropShape) -> "pd.Series[float]":
    """Return the mean margin of the four sides of a box that is clipped at the borders of the photograph."""
    sides = []
    for low, high, end in (("x1", "x2", "width"), ("y1", "y2", "height")):
        side = faces[high] - faces[low]
        sides += [faces[low] / side, (faces[end] - faces[high]) / side]
    limited = np.clip(np.stack(sides), 0, shape.margin_fraction)
    return pd.Series(limited.mean(axis=0), index=faces.index)
