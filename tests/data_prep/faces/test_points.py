"""The bundled point network on drawn faces: points lie on the drawn eyes, whatever the turn of the crop."""

import cv2
import numpy as np
import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.faces.alignment import are_plausible, points_of_box
from agelens.data_prep.faces.points import PointLocator
from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.weights.defaults import POINT_LOCATOR

SIDE = 192


@pytest.fixture(scope="module")
def locator() -> PointLocator:
    return PointLocator(POINT_LOCATOR)


@pytest.fixture(scope="module")
def crops() -> list[np.ndarray]:
    """Crops of drawn faces with a margin of 15 %."""
    found = []
    for photo, boxes in make_detector_examples(16, seed=3):
        for x1, y1, x2, y2 in np.asarray(boxes):
            half, center = 0.65 * max(x2 - x1, y2 - y1), ((x1 + x2) / 2, (y1 + y2) / 2)
            scale = SIDE / (2 * half)
            frame = np.array([[scale, 0, SIDE / 2 - scale * center[0]], [0, scale, SIDE / 2 - scale * center[1]]])
            found.append(cv2.warpAffine(photo, frame, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT_101))
    return found[:12]


def turned(crop: np.ndarray, degrees: float) -> np.ndarray:
    turn = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), degrees, 1.0)
    return cv2.warpAffine(crop, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT_101)


def test_points_of_drawn_faces_form_faces(locator, crops):
    found = locator.locate(crops)
    assert sum(face.located for face in found) >= 0.7 * len(crops)
    for face in found:
        assert face.points.shape == (5, 2)
        assert not face.located or (are_plausible(face.points, side=SIDE) and face.error < 0.16)


@pytest.mark.parametrize("degrees", [30, 90])
def test_points_turn_with_the_crop(locator, crops, degrees):
    upright, rotated = locator.locate(crops), locator.locate([turned(crop, degrees) for crop in crops])
    pairs = [(a, b) for a, b in zip(upright, rotated, strict=True) if a.located and b.located]
    assert len(pairs) >= 0.6 * len(crops)
    turn = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), degrees, 1.0)
    errors = []
    for before, after in pairs:
        expected = before.points @ turn[:, :2].T + turn[:, 2]
        eyes = np.linalg.norm(before.points[1] - before.points[0])
        errors.append(np.linalg.norm(after.points - expected, axis=1).mean() / eyes)
    assert np.median(errors) < 0.1


def test_a_crop_without_a_face_gets_the_points_of_its_box(locator):
    blank = np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)
    box = np.array([30.0, 20.0, 150.0, 170.0])
    (found,) = locator.locate([blank], [box])
    assert not found.located
    assert found.points == pytest.approx(points_of_box(box))


def test_batches_give_what_single_crops_give(locator, crops):
    together = locator.locate(crops)
    alone = [locator.locate([crop])[0] for crop in crops]
    assert [face.located for face in together] == [face.located for face in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.points == pytest.approx(other.points, abs=0.05)


def test_progress_counts_crops(locator, crops):
    heard: list[int] = []
    list(locator.locate_all(iter(crops), progress=heard.append))
    assert sum(heard) == len(crops)


def test_a_missing_network_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"an \.xml and a \.bin file"):
        PointLocator(tmp_path / "face_points.xml")


def test_points_do_not_depend_on_the_batch(locator, crops):
    together, alone = locator.locate(crops), [locator.locate([crop])[0] for crop in crops]
    for many, one in zip(together, alone, strict=True):
        np.testing.assert_array_equal(many.points, many.points.round(2))
        np.testing.assert_allclose(many.points, one.points, atol=0.015)  # the last decimal may differ
