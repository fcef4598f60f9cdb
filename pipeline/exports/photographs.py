"""The faces of photographs as the views that a network sees."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agelens.data_prep.core.errors import ImageError, ParamsError
from agelens.data_prep.core.images import Pixels, find_images, jpeg_round_trip, read_rgb
from agelens.data_prep.faces.crop import box_in_crop, cut_faces
from agelens.data_prep.faces.framing import CropFramer
from agelens.data_prep.faces.points import PointLocator
from agelens.models.serving.detectors import open_detector
from agelens.models.serving.model_card import ModelCard
from agelens.pipeline.progress import progress_bar
from agelens.weights.defaults import POINT_LOCATOR


def views_of_photographs(paths: Sequence[Path], card: ModelCard, *, most: int) -> tuple[Pixels, list[Path]]:
    """Return views `uint8 (N, side, side, 3)` RGB of the faces in photographs, at most `most`, and the file of each.

    Faces that are found only after a turn, and files that cannot be read, are left out.

    Args:
        paths: Photographs, and folders of them.
        card: Of the model; says how faces are detected, cropped and framed.
        most: Reading stops when so many faces are found.

    Raises:
        ParamsError: There is no face in them.
    """
    files = [file for path in paths for file in (find_images(path) if path.is_dir() else [path])]
    detector = open_detector(card.detector)
    framer = CropFramer(card.framing, PointLocator(POINT_LOCATOR) if card.framing.kind == "points" else None)
    views: list[Pixels] = []
    origins: list[Path] = []
    with progress_bar("finding faces", total=len(files)) as advance:
        for file in files:
            if len(views) >= most:
                break
            advance(1)
            try:
                image = read_rgb(file)
                (found,) = detector.detect([image])
                faces = [] if found.turn else cut_faces(image, found, card.shape)
            except ImageError:
                continue
            if faces:
                height, width = image.shape[:2]
                boxes = [box_in_crop(face.box, card.shape, height=height, width=width) for face in faces]
                views += list(framer.frame([jpeg_round_trip(face.crop) for face in faces], boxes)[0])
                origins += [file] * len(faces)
    if not views:
        msg = (
            "--images must name photographs with faces, on which exports are compared with the model. Found none in "
            f"{len(files)} files of {', '.join(map(str, paths))}."
        )
        raise ParamsError(msg)
    return np.stack(views[:most]), origins[:most]
