"""Measures of all faces of a table, from their crops and photographs."""

from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import write_jpeg
from agelens.data_prep.exploration.images import measure_images
from agelens.data_prep.faces.crop import CropShape
from tests.factories import faces_table

SHAPE = CropShape(size=96)


def test_every_face_has_a_row_in_order(tmp_path: Path) -> None:
    faces = faces_table(3).assign(path=[str(tmp_path / "a.jpg"), str(tmp_path / "gone.jpg"), "s3://bucket/a.jpg"])
    for level, name in zip((10, 100, 200), faces["crop"], strict=True):
        write_jpeg(tmp_path / name, np.full((96, 96, 3), level, dtype=np.uint8))
    write_jpeg(tmp_path / "a.jpg", np.zeros((200, 200, 3), dtype=np.uint8))
    done: list[int] = []
    images = measure_images(faces, crops=tmp_path, shape=SHAPE, progress=done.append)
    assert images["image_id"].tolist() == faces["image_id"].tolist()
    assert images["brightness"].tolist() == [10.0, 100.0, 200.0]
    assert images["file_format"].tolist() == ["JPEG", "", ""]
    assert images["kilobytes"].isna().tolist() == [False, True, True]
    assert images["margin"].tolist() == pytest.approx([0.15] * 3)
    assert sum(done) == 3


def test_a_missing_crop_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="missing"):
        measure_images(faces_table(1), crops=tmp_path, shape=SHAPE)
