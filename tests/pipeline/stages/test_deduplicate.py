"""The stage `deduplicate` on crops whose points are known: mirrored faces of two files are one photo."""

from pathlib import Path

import numpy as np
from PIL import Image

from agelens.data_prep.core.images import write_png
from agelens.data_prep.core.tables import GROUPED, LANDMARKS, POINT_COLUMNS, read_table, write_table
from agelens.data_prep.faces.alignment import TEMPLATE
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.stages import deduplicate
from tests.factories import landmarks_table
from tests.pipeline.small_project import SmallProject

MIRRORED = (TEMPLATE * [-1, 1] + [149, 0])[[1, 0, 2, 4, 3]]
"""The points of a mirrored face, again from left to right."""


def kept_files(root: Path, *, compare_faces: bool) -> list[str]:
    """Return the files that are kept of a face, its mirror image, and another face."""
    project = SmallProject(root)
    paths: Paths = project.paths
    table = landmarks_table(3).assign(framing="points", points_error=0.02)
    spots = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
    face, other = (np.array(Image.fromarray(each).resize((150, 150), Image.Resampling.BICUBIC)) for each in spots)
    crops = [(face, TEMPLATE), (np.ascontiguousarray(face[:, ::-1]), MIRRORED), (other, TEMPLATE)]
    for index, (crop, points) in enumerate(crops):
        table.loc[index, list(POINT_COLUMNS)] = points.ravel()
        table.loc[index, "crop"] = f"{index}.png"
        write_png(paths.crops / f"{index}.png", crop)
    write_table(paths.landmarks, table, LANDMARKS)
    deduplicate.run(project.params(deduplicate={"compare_faces": compare_faces}), paths)
    return read_table(paths.grouped, GROUPED)["crop"].tolist()


def test_a_mirrored_face_is_a_duplicate(tmp_path: Path) -> None:
    assert kept_files(tmp_path, compare_faces=True) == ["0.png", "2.png"]


def test_faces_are_not_compared_where_the_setting_is_off(tmp_path: Path) -> None:
    assert kept_files(tmp_path, compare_faces=False) == ["0.png", "1.png", "2.png"]
