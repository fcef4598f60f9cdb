"""Tracks follow moving faces, and no track joins two people."""

import numpy as np
import pytest

from agelens.data_prep.faces.detector import Detections

pytest.importorskip("trackers", reason="the extra video is not installed")

from agelens.pipeline.video.face_tracker import FaceTracker

GREY = np.full((360, 640, 3), 90, dtype=np.uint8)


def faces(*boxes, score=0.9):
    return Detections(boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4), scores=np.full(len(boxes), score))


def square(x, y=100.0, side=60.0):
    return (x, y, x + side, y + side)


def follow(tracker, frames):
    """Return the numbers of the tracks in each frame, from left to right."""
    found = []
    for image, each in frames:
        tracked = sorted(tracker.follow(image, each), key=lambda one: one[1][0])
        found.append([number for number, _, _ in tracked])
    return found


def test_two_people_who_move_keep_their_numbers():
    frames = [(GREY, faces(square(50 + 4 * step), square(500 - 4 * step))) for step in range(20)]
    found = follow(FaceTracker(25), frames)
    assert found[-1] == found[2]
    assert len({number for numbers in found for number in numbers}) == 2


def test_a_face_that_is_missed_for_some_frames_keeps_its_number():
    steps = [(GREY, faces(square(50 + 4 * step)) if step not in {8, 9, 10} else faces()) for step in range(20)]
    found = follow(FaceTracker(25), steps)
    assert {number for numbers in found for number in numbers} == {1}
    assert found[-1] == [1]


def test_one_frame_makes_no_track():
    tracker = FaceTracker(25)
    frames = [(GREY, faces(square(50))), (GREY, faces()), (GREY, faces())]
    numbers = follow(tracker, frames)
    assert numbers[1:] == [[], []]


def test_another_scene_ends_every_track():
    bright = np.full_like(GREY, 200)
    frames = [(GREY if step < 10 else bright, faces(square(50))) for step in range(20)]
    found = follow(FaceTracker(25), frames)
    before, after = found[9], found[-1]
    assert before != after
    assert len(before) == len(after) == 1


def test_a_face_of_another_size_is_another_person():
    frames = [(GREY, faces(square(50, side=60.0 if step < 10 else 120.0))) for step in range(20)]
    found = follow(FaceTracker(25), frames)
    assert found[9] != found[-1]


def test_boxes_and_scores_are_those_of_the_detector():
    tracker = FaceTracker(25)
    for step in range(3):
        tracked = tracker.follow(GREY, faces(square(50 + step), score=0.75))
    ((_, box, score),) = tracked
    assert box == pytest.approx(square(52), abs=1)
    assert score == pytest.approx(0.75)
