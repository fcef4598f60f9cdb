"""The sheet of camera views: one row for each change, which has no other."""

from dataclasses import fields, replace

import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.batches.camera import CameraAugmentation
from agelens.pipeline.contact_sheets.camera_sheet import NONE, VIEWS, camera_changes, draw_camera_views
from agelens.pipeline.contact_sheets.sheet import CELL, GAP

CAMERA = CameraAugmentation()
CHANGES = camera_changes(CAMERA)
STILL = Augmentation(flip=False, shift=0, zoom=0, rotation_degrees=0, brightness=0, contrast=0, saturation=0)
CROP = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def view_of(camera: CameraAugmentation) -> np.ndarray:
    return augment_view(CROP, 1, 1, augmentation=replace(STILL, camera=camera), seed=0)


def test_no_change_is_the_crop_itself() -> None:
    assert np.array_equal(view_of(NONE), CROP)


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_changes_every_view(name: str) -> None:
    assert not np.array_equal(view_of(CHANGES[name]), CROP)


def test_every_setting_of_the_camera_has_a_row_of_its_own() -> None:
    rows = {name: camera for name, camera in CHANGES.items() if name != "all together"}
    for field in fields(CameraAugmentation):
        used = [name for name, camera in rows.items() if getattr(camera, field.name) != getattr(NONE, field.name)]
        # The far turn needs a small usual one.
        expected = {"share": [], "rotation_degrees": ["moved", "turned far"]}.get(field.name)
        assert used == expected if expected is not None else len(used) <= 1, field.name
    assert CHANGES["all together"] == replace(CAMERA, share=1.0)


def test_changes_that_are_off_have_no_row() -> None:
    off = replace(CAMERA, grey=0.0, blur=(0.0, 0.4, 2.0))
    assert set(CHANGES) - set(camera_changes(off)) == {"grey", "blur"}


def test_the_sheet_has_a_row_of_views_for_each_change() -> None:
    sheet = draw_camera_views(CROP, CAMERA)
    assert sheet.shape[1] == (VIEWS + 1) * (CELL + GAP)
    assert sheet.shape[0] > len(CHANGES) * (CELL + GAP)
