"""The five points of each face are located in its crop, so that the network sees eyes, nose and mouth in place."""

import pandas as pd

from agelens.data_prep.core.images import read_rgb
from agelens.data_prep.core.tables import FACES, LANDMARKS, read_table, write_table
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.landmarks import add_points, boxes_in_crops, without_points
from agelens.data_prep.faces.points import PointLocator
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import progress_bar, say
from agelens.weights.defaults import POINT_LOCATOR


def run(params: Params, paths: Paths) -> None:
    """Add the points of every face, or none where faces are framed by box."""
    faces = read_table(paths.faces, FACES)
    if params.locate_points.framing == "box":
        write_table(paths.landmarks, without_points(faces), LANDMARKS)
        say("faces are framed by box (locate_points.framing)")
        return
    landmarks = _locate(faces, params, paths)
    write_table(paths.landmarks, landmarks, LANDMARKS)
    for source, framing in landmarks.groupby("source")["framing"]:
        say(f"{source}: {(framing == 'points').sum()} faces framed by points, {(framing == 'box').sum()} by box")


def _locate(faces: pd.DataFrame, params: Params, paths: Paths) -> pd.DataFrame:
    locator, shape = PointLocator(POINT_LOCATOR), from_section(CropShape, params.crop_faces)
    crops = (read_rgb(paths.crops / name) for name in faces["crop"])
    with progress_bar("locating points", total=len(faces)) as advance:
        return add_points(faces, locator.locate_all(crops, boxes_in_crops(faces, shape), progress=advance))
