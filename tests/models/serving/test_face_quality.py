"""The quality of drawn faces, by hand: the template of an aligned face, moved, turned and cut."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from agelens.data_prep.faces.alignment import TEMPLATE
from agelens.data_prep.faces.points import FacePoints
from agelens.models.serving.face_quality import FaceQuality, measure_detail, measure_quality

GOOD = FaceQuality(detail=0.15, cut_off=0.0, at_border=False, points_error=0.03, roll=0.0, yaw=0.0)
NOISE = np.random.default_rng(0).integers(0, 255, (180, 180, 1), dtype=np.uint8).repeat(3, axis=2)
BOX, IMAGE = np.array([10.0, 0, 137, 150]), np.array([-100.0, -100, 300, 300])


def measured(points=TEMPLATE, *, located=True, box=BOX, image=IMAGE, view=NOISE) -> FaceQuality:
    return measure_quality(view, FacePoints(points, 0.03, located=located), box=box, image=image)


def test_a_frontal_face_inside_the_image_has_no_warning():
    found = measured()
    assert (found.cut_off, found.at_border, found.points_error) == (0.0, False, 0.03)
    assert found.roll == pytest.approx(0)
    assert found.yaw == pytest.approx(0, abs=0.01)
    assert found.warnings == []


def test_a_border_through_the_middle_of_the_face_cuts_off_half():
    found = measured(image=np.array([73.75, -100, 300, 300]), box=np.array([73.75, 0, 137, 150]))
    assert found.cut_off == pytest.approx(0.5, abs=0.05)
    assert found.at_border
    assert [one.split(":")[0] for one in found.warnings] == ["cut_off"]


@pytest.mark.parametrize("degrees", [30, -75])
def test_a_turn_in_the_plane_is_measured_clockwise(degrees):
    turn = np.radians(degrees)
    points = (TEMPLATE - 75) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + 75
    found = measured(points)
    assert found.roll == pytest.approx(degrees)
    assert found.yaw == pytest.approx(0, abs=0.01)
    assert [one.split(":")[0] for one in found.warnings] == (["tilted"] if abs(degrees) > 60 else [])


def test_the_nose_shows_to_which_side_a_head_is_turned():
    eyes = TEMPLATE[1, 0] - TEMPLATE[0, 0]
    points = TEMPLATE.copy()
    points[2, 0] -= 0.3 * eyes
    found = measured(points)
    assert found.yaw == pytest.approx(-0.3, abs=0.01)
    assert [one.split(":")[0] for one in found.warnings] == ["turned_head"]


def test_points_that_are_not_located_give_no_pose():
    found = measured(located=False, box=np.array([-100.0, 0, 100, 150]))
    assert (found.points_error, found.roll, found.yaw, found.at_border) == (None, None, None, True)
    assert measure_quality(NOISE, None, box=BOX, image=IMAGE).points_error is None


def test_detail_is_lost_by_blur_and_not_by_contrast():
    sharp = cv2.GaussianBlur(NOISE, (0, 0), 2.0)
    blurred, flat = cv2.GaussianBlur(NOISE, (0, 0), 9.0), np.asarray(sharp // 2 + 60, dtype=np.uint8)
    assert measure_detail(flat) == pytest.approx(measure_detail(sharp), rel=0.05)
    assert measure_detail(blurred) < 0.4 * measure_detail(sharp)
    assert measure_detail(np.full((180, 180, 3), 90, np.uint8)) == 0


@pytest.mark.parametrize(
    ("quality", "codes"),
    [
        (GOOD, []),
        (replace(GOOD, detail=0.01), ["blurred"]),
        (replace(GOOD, cut_off=0.2, at_border=True), ["cut_off"]),
        (replace(GOOD, at_border=True), []),  # as in chips
        (replace(GOOD, at_border=True, points_error=0.12), ["cut_off"]),
        (replace(GOOD, points_error=0.12), ["uncertain_points"]),
        (replace(GOOD, points_error=None, roll=None, yaw=None), []),  # AgePrediction.aligned says so
        (replace(GOOD, points_error=None, at_border=True), ["cut_off"]),
        (replace(GOOD, roll=-70.0, yaw=0.4), ["tilted", "turned_head"]),
    ],
)
def test_each_reason_has_its_code(quality, codes):
    assert [one.split(":")[0] for one in quality.warnings] == codes
