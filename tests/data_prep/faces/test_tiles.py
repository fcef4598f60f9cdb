"""Small faces in large images, by hand: faces are white squares, and a detector that cannot see small ones."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.detector import Detections
from agelens.data_prep.faces.tiles import (
    ScaledDetections,
    TilingDetector,
    are_whole,
    larger_scales,
    merge_boxes,
    tile_starts,
)
from agelens.data_prep.faces.turns import turn_back, turn_boxes, turn_image

INPUT = 320
LEAST = 12
"""Smallest side of a face that the detector sees, in pixels of its input."""


class SquareDetector:
    """Finds white squares of at least `LEAST` pixels in images shrunk to `INPUT`, and counts what it searches."""

    def __init__(self) -> None:
        self.searches = 0

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        self.searches += len(images)
        return [self._one(image) for image in images]

    @staticmethod
    def _one(image: Pixels) -> Detections:
        scale = min(1.0, INPUT / max(image.shape[:2]))
        shrunk = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        _, _, parts, _ = cv2.connectedComponentsWithStats((shrunk[..., 0] > 127).astype(np.uint8))
        x, y, width, height, _ = parts[1:][parts[1:, [2, 3]].min(axis=1) >= LEAST].T
        boxes = np.stack([x, y, x + width, y + height], axis=1) / scale
        return Detections(boxes, np.linspace(0.9, 0.8, len(boxes)))


def image_with(*faces: tuple[int, int, int], height: int = 960, width: int = 1280) -> Pixels:
    """Return a black image with a white square at each x, y with a side."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y, side in faces:
        image[y : y + side, x : x + side] = 255
    return image


def search(image: Pixels, tiles="auto", min_score: float = 0.3):
    detector = SquareDetector()
    tiling = TilingDetector(detector, in_tiles=detector, tiles=tiles, image_size=INPUT, min_score=min_score)
    (found,) = tiling.detect([image])
    assert isinstance(found, ScaledDetections)
    return found, detector.searches


def boxes_of(found: Detections) -> list[list[int]]:
    return sorted(found.boxes.round().astype(int).tolist())


def test_an_image_with_large_faces_is_searched_once():
    found, searches = search(image_with((400, 300, 400)))
    assert boxes_of(found) == [[400, 300, 800, 700]]
    assert (searches, found.scale) == (1, 0.25)


def test_small_faces_lead_to_larger_scales_at_which_more_are_found():
    hidden = [(x, 700, 24) for x in range(40, 1240, 80)]  # 6 pixels of the input at first, 12 at half of the size
    found, searches = search(image_with((100, 100, 60), *hidden))
    assert boxes_of(found) == sorted([x, y, x + side, y + side] for x, y, side in [(100, 100, 60), *hidden])
    assert (searches, found.scale) == (1 + 6 + 20, 1.0)  # 3 x 2 tiles of 640 x 480 pixels, 5 x 4 of 1280 x 960


def test_faces_on_the_borders_of_tiles_are_found_once_and_whole():
    assert tile_starts(640, side=INPUT) == [0, 160, 320]
    crossing = [(2 * border - 40, y, 72) for border in (160, 320, 480) for y in (20, 300, 580, 800)]
    found, _ = search(image_with(*crossing), tiles="always")
    assert boxes_of(found) == sorted([x, y, x + side, y + side] for x, y, side in crossing)


def test_a_large_face_beside_small_ones_stays_one_face():
    faces = [(100, 100, 600), (900, 400, 60)]
    found, _ = search(image_with(*faces), tiles="always")
    assert boxes_of(found) == [[x, y, x + side, y + side] for x, y, side in faces]


def test_never_searches_once_and_states_the_scale():
    found, searches = search(image_with((100, 100, 60), (500, 500, 20)), tiles="never")
    assert (boxes_of(found), searches, found.scale) == ([[100, 100, 160, 160]], 1, 0.25)
    assert found.has_small_faces


def test_without_a_face_one_larger_scale_is_tried():
    assert search(image_with())[1] == 1 + 6
    found, searches = search(image_with((500, 500, 30)))  # 15 pixels of the input at the second scale
    assert (boxes_of(found), searches) == ([[500, 500, 530, 530]], 1 + 6 + 20)


@pytest.mark.parametrize("tiles", ["auto", "always"])
def test_an_image_that_is_not_shrunk_is_searched_once(tiles):
    found, searches = search(image_with((10, 10, 20), height=240, width=320), tiles=tiles)
    assert (boxes_of(found), searches, found.scale) == ([[10, 10, 30, 30]], 1, 1.0)


def test_an_image_that_was_turned_is_searched_turned():
    upright = image_with((100, 100, 60), (600, 200, 24))
    image = turn_image(upright, 270)

    class Turning(SquareDetector):
        def detect(self, images):
            (faces,) = super().detect([upright])
            boxes = turn_back(faces.boxes, 90, height=image.shape[0], width=image.shape[1])
            return [replace(faces, boxes=boxes, turn=90)]

    tiling = TilingDetector(Turning(), in_tiles=SquareDetector(), image_size=INPUT, min_score=0.3)
    (found,) = tiling.detect([image])
    assert found.turn == 90
    boxes = turn_boxes(found.boxes, 90, height=image.shape[0], width=image.shape[1])
    assert sorted(boxes.tolist()) == [[100, 100, 160, 160], [600, 200, 624, 224]]


def test_faces_in_tiles_must_reach_the_threshold():
    assert len(search(image_with((500, 500, 30)), min_score=0.95)[0]) == 0


def test_another_word_is_an_error():
    with pytest.raises(ParamsError, match=r"one of auto, never, always\. Received: often"):
        search(image_with(), tiles="often")


@pytest.mark.parametrize(
    ("height", "width", "scales"),
    [
        (200, 300, []),
        (480, 640, [1.0]),
        (3000, 4000, [0.16, 0.32, 0.64, 1.0]),
        (400, 500, [1.0]),  # never enlarged
        (20_000, 20_000, [0.032, 0.064, 0.128, 0.256]),  # the next one would have 41 x 41 tiles
    ],
)
def test_scales_double_up_to_that_of_the_image(height, width, scales):
    assert larger_scales(height, width, image_size=INPUT) == pytest.approx(scales)


@pytest.mark.parametrize("length", [1, 320, 321, 576, 577, 1000, 4000])
def test_tiles_cover_everything_and_overlap_by_a_fifth(length):
    starts = tile_starts(length, side=INPUT)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - INPUT)
    assert all(later - earlier <= INPUT - 63 for earlier, later in pairwise(starts))


def test_boxes_at_a_border_inside_the_image_are_parts():
    boxes = np.array([[102, 110, 200, 200], [103, 110, 200, 200], [150, 0, 200, 50], [150, 110, 419, 200]], float)
    whole = are_whole(boxes, np.array([100, 0, 420, 320]), height=960, width=1280)
    assert whole.tolist() == [False, True, True, False]  # the third ends at the border of the image itself


def test_equal_and_contained_boxes_are_merged():
    first = Detections(np.array([[0, 0, 100, 100], [200, 0, 300, 100]], float), np.array([0.5, 0.9]))
    second = Detections(
        np.array([[10, 0, 110, 100], [220, 20, 260, 60], [280, 0, 380, 100]], float), np.array([0.8, 0.6, 0.4])
    )
    boxes, scores = merge_boxes([first, second])
    assert boxes.tolist() == [[200, 0, 300, 100], [10, 0, 110, 100], [280, 0, 380, 100]]
    assert scores.tolist() == [0.9, 0.8, 0.4]


def test_nothing_merges_into_nothing():
    none = Detections(np.zeros((0, 4)), np.zeros(0))
    assert [len(array) for array in merge_boxes([none, none])] == [0, 0]
