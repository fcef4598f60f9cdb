"""Measures of every face, from its row, its crop and the header of its photograph."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import read_rgb
from agelens.data_prep.exploration.boxes import measure_boxes
from agelens.data_prep.exploration.headers import ImageHeader, read_header
from agelens.data_prep.exploration.pixels import measure_crop
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.sources.remote import is_address

OF_FACES = ["image_id", "source", "age", "found", "score", "faces", "width", "height", "sharpness"]

NO_HEADER = ImageHeader("", float("nan"), float("nan"))
"""Of a photograph that was moved since it was cropped, or that has an address instead of a path."""


def measure_images(
    faces: pd.DataFrame,
    *,
    crops: Path,
    shape: CropShape,
    threads: int = 2,
    progress: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """Measure all faces.

    Args:
        faces: Follows FACES, or a schema that extends it.
        crops: The folder of the crops.
        shape: How they were cut.
        threads: That read and measure images.
        progress: Called with the number of faces that were measured since the last call.

    Returns:
        One row for each face, in their order: the columns `OF_FACES`, and the measures of `measure_boxes`,
        `CropMeasures` and `ImageHeader`.

    Raises:
        ImageError: A crop cannot be read.
    """
    rows = []
    with ThreadPoolExecutor(threads) as pool:
        for row in pool.map(lambda crop, path: _measure(crops / crop, path), faces["crop"], faces["path"]):
            rows.append(row)
            progress(1)
    measured = pd.DataFrame(rows, index=faces.index)
    return pd.concat([faces[OF_FACES], measure_boxes(faces, shape), measured], axis=1).reset_index(drop=True)


def _measure(crop: Path, path: str) -> dict[str, object]:
    return {**asdict(measure_crop(read_rgb(crop))), **asdict(_header(path))}


def _header(path: str) -> ImageHeader:
    try:
        return NO_HEADER if is_address(path) else read_header(Path(path))
    except ImageError:
        return NO_HEADER
