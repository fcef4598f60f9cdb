"""How the network frames the crops of a table: by the five points of each face, or the whole crop."""

from pathlib import Path

import numpy as np
import pandas as pd

from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.tables import POINT_COLUMNS
from agelens.data_prep.faces.alignment import align_points, scale_whole, warp_view
from agelens.pipeline.config.params import Params


def view_side(params: Params) -> int:
    """Return the side in pixels of what the network sees."""
    section = params.locate_points
    return section.view_size or params.crop_faces.size


def frame_rows(table: pd.DataFrame, params: Params, *, folder: Path) -> list[FramedCrop]:
    """Return the crops of a table, in its order, each with the transform to the view that the network sees.

    Args:
        table: Has the columns of LANDMARKS.
        params: Say the framing and both sizes.
        folder: Of the crops.

    `locate_points` has left plausible points in every row: those of a face whose points could not be located are the
    average ones of its box.
    """
    section = params.locate_points
    files = [folder / name for name in table["crop"]]
    crop_side, side = params.crop_faces.size, view_side(params)
    if section.framing == "box":
        whole = None if side == crop_side else scale_whole(crop_side, side=side)
        return [FramedCrop(file, whole) for file in files]
    points = table[list(POINT_COLUMNS)].to_numpy(np.float64).reshape(-1, 5, 2)
    return [FramedCrop(file, align_points(five, side=side)) for file, five in zip(files, points, strict=True)]


def read_views(table: pd.DataFrame, params: Params, *, folder: Path) -> Pixels:
    """Return what the network sees of the crops of a table, `uint8 (N, side, side, 3)`, in its order."""
    return np.stack([read_view(crop, side=view_side(params)) for crop in frame_rows(table, params, folder=folder)])


def read_view(crop: FramedCrop, *, side: int) -> Pixels:
    """Return what the network sees of one crop, `uint8 (side, side, 3)`."""
    image = read_rgb(crop.path)
    return image if crop.transform is None else warp_view(image, crop.transform, side=side)
