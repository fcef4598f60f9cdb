"""The sheet of duplicates shows the photos with the most files, or a caption if there are none."""

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.images import write_jpeg
from agelens.pipeline.contact_sheets.duplicate_sheet import MAX_FILES, MAX_PHOTOS, draw_duplicates
from agelens.pipeline.contact_sheets.sheet import CELL, GAP, LINE_HEIGHT


@pytest.mark.parametrize(
    ("photos", "cells", "lines"),
    [
        pytest.param(["a", "b", "c"], 1, 1, id="no duplicates"),
        pytest.param(["a", "a", "b", "c", "c", "c"], 5, 2, id="two photos"),
        pytest.param(["a"] * (MAX_FILES + 3), MAX_FILES, 2, id="many files"),
        pytest.param([f"{number:02d}" for number in range(MAX_PHOTOS + 2)] * 2, 2 * MAX_PHOTOS, 2, id="many photos"),
    ],
)
def test_files_of_the_largest_photos_are_drawn(photos, cells, lines, tmp_path):
    write_jpeg(tmp_path / "crop.jpg", np.full((8, 8, 3), 120, np.uint8))
    names = [f"made/{index}.jpg" for index in range(len(photos))]
    table = pd.DataFrame({"image_id": names, "photo": photos, "age": 30.0, "crop": "crop.jpg"})
    sheet = draw_duplicates(table, crops=tmp_path)
    columns, rows = min(cells, 8), -(-cells // 8)
    assert sheet.shape == (rows * (CELL + GAP + lines * LINE_HEIGHT), columns * (CELL + GAP), 3)
