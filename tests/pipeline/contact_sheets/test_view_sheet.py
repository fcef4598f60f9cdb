"""The contact sheet of views has a row for each change of augmentation."""

import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation
from agelens.pipeline.contact_sheets.sheet import CELL, GAP, LINE_HEIGHT
from agelens.pipeline.contact_sheets.view_sheet import VIEWS, draw_views
from tests.models.small_networks import noise_crops

(CROP,) = noise_crops(1)
OFF = {"flip": False, "shift": 0.0, "zoom": 0.0, "rotation_degrees": 0.0} | dict.fromkeys(
    ["brightness", "contrast", "saturation", "erase"], 0.0
)


@pytest.mark.parametrize(
    ("changes", "rows"), [({}, 1), ({"flip": True}, 2), ({"zoom": 0.2, "erase": 0.3, "brightness": 0.1}, 4)]
)
def test_each_change_has_a_row_and_all_together_another(changes, rows):
    sheet = draw_views(CROP, Augmentation(**{**OFF, **changes}))
    assert sheet.shape == (rows * (CELL + GAP + LINE_HEIGHT), (VIEWS + 1) * (CELL + GAP), 3)


def test_each_row_begins_with_the_crop_and_shows_one_change_by_itself():
    sheet = draw_views(CROP, Augmentation(**{**OFF, "flip": True, "brightness": 0.3}))
    step = CELL + GAP
    cells = [
        [sheet[top : top + CELL, left : left + CELL] for left in range(GAP // 2, (VIEWS + 1) * step, step)]
        for top in range(GAP // 2, 3 * (step + LINE_HEIGHT), step + LINE_HEIGHT)
    ]
    for first, *_ in cells:
        np.testing.assert_array_equal(first, cells[0][0])
    mirrored = cells[0][0][:, ::-1]
    assert all((view == cells[0][0]).all() or np.abs(view.astype(int) - mirrored).max() <= 2 for view in cells[0][1:])
    assert all(view.astype(int).mean() != cells[0][0].mean() for view in cells[1][1:])
