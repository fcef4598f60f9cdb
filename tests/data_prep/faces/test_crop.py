"""Geometry of crops, on images whose pixels contain their coordinates."""

import math

import cv2
import numpy as np
import pytest

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.errors import ImageError, ParamsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.crop import (
    CropShape,
    Face,
    NoFace,
    box_in_crop,
    crop_face,
    cut_faces,
    cut_largest_face,
)
from agelens.data_prep.faces.detector import Detections
from agelens.data_prep.faces.sharpness import sharpness


def coordinate_image(height: int, width: int) -> Pixels:
    """Return an image with the column as red, the row as green, and 7 as blue."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns, rows, np.full_like(rows, 7)], axis=-1).astype(np.uint8)


def box(*xyxy: float) -> Boxes:
    return np.array(xyxy, dtype=np.float64)


def detections(*boxes: tuple[float, float, float, float]) -> Detections:
    scores = np.linspace(0.9, 0.5, len(boxes))
    return Detections(np.array(boxes, dtype=np.float64).reshape(-1, 4), scores)


def window(crop: Pixels) -> tuple[int, int, int, int]:
    """Return first and last column, and first and last row, of a crop of a `coordinate_image`."""
    return int(crop[0, 0, 0]), int(crop[0, -1, 0]), int(crop[0, 0, 1]), int(crop[-1, 0, 1])


@pytest.mark.parametrize(
    ("xyxy", "margin", "square", "size", "expected"),
    [
        ((10, 20, 30, 40), 0.0, True, 20, (10, 29, 20, 39)),
        ((10, 20, 30, 40), 0.15, True, 26, (7, 32, 17, 42)),
        ((10, 20, 30, 40), 0.15, False, 26, (7, 32, 17, 42)),
        ((40, 20, 60, 60), 0.0, True, 40, (30, 69, 20, 59)),
        ((40, 20, 60, 60), 0.1, True, 48, (26, 73, 16, 63)),
        ((10.4, 20.4, 30.4, 40.4), 0.0, True, 20, (10, 29, 20, 39)),
        ((10.6, 20.6, 30.6, 40.6), 0.0, True, 20, (11, 30, 21, 40)),
        ((0, 0, 100, 80), 0.0, True, 100, (0, 99, 0, 79)),
    ],
    ids=["bare", "margin", "stretched_margin", "square", "square_margin", "rounded_down", "rounded_up", "whole"],
)
def test_a_crop_of_the_same_size_has_the_pixels_of_its_window(
    xyxy: tuple[float, float, float, float], margin: float, square: bool, size: int, expected: tuple[int, int, int, int]
) -> None:
    shape = CropShape(size=size, margin_fraction=margin, square=square)
    crop = crop_face(coordinate_image(80, 100), box(*xyxy), shape)
    assert crop.shape == (size, size, 3)
    assert crop.dtype == np.uint8
    assert window(crop) == expected


@pytest.mark.parametrize(
    ("xyxy", "margin", "size", "expected"),
    [
        ((0, 0, 20, 20), 0.25, 30, (0, 29, 0, 29)),  # moved right and down
        ((60, 40, 80, 60), 0.25, 30, (50, 79, 30, 59)),  # moved left and up
        ((10, 5, 60, 55), 0.25, 60, (5, 64, 0, 59)),  # the margin of 12 pixels shrinks to the available 5
        ((0, 0, 80, 60), 0.25, 80, (0, 79, 0, 59)),  # no room for a margin
    ],
    ids=["top_left", "bottom_right", "shrunk_margin", "whole"],
)
def test_a_square_crop_is_moved_into_the_image(
    xyxy: tuple[float, float, float, float], margin: float, size: int, expected: tuple[int, int, int, int]
) -> None:
    crop = crop_face(coordinate_image(60, 80), box(*xyxy), CropShape(size=size, margin_fraction=margin))
    assert window(crop) == expected


def test_the_border_is_repeated_around_a_face_longer_than_the_shorter_side() -> None:
    crop = crop_face(coordinate_image(60, 20), box(0, 10, 20, 50), CropShape(size=40, margin_fraction=0.15))
    assert crop[:, :, 0].tolist() == [[0] * 10 + list(range(20)) + [19] * 10] * 40
    assert window(crop) == (0, 19, 10, 49)


def test_a_stretched_crop_is_clipped_at_the_border() -> None:
    shape = CropShape(size=20, margin_fraction=0.5, square=False)
    crop = crop_face(coordinate_image(60, 80), box(0, 0, 10, 40), shape)  # with margin -5..15 x -20..60
    clipped = cv2.resize(coordinate_image(60, 80)[0:60, 0:15], (20, 20), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(crop, clipped)


def test_only_a_square_crop_keeps_the_aspect_ratio() -> None:
    image = np.zeros((100, 100, 3), dtype=np.uint8)
    image[20:80, 40:60] = 255
    tall = box(40, 20, 60, 80)
    square = crop_face(image, tall, CropShape(size=60, margin_fraction=0.0))
    assert (square[30] > 127).all(axis=1).sum() == 20
    stretched = crop_face(image, tall, CropShape(size=60, margin_fraction=0.0, square=False))
    assert (stretched > 127).all()


def test_crops_are_resized_by_averaging_or_cubic_interpolation() -> None:
    board = np.indices((80, 80)).sum(axis=0) % 2 * 255
    image = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    shrunk = crop_face(image, box(0, 0, 80, 80), CropShape(size=40, margin_fraction=0.0))
    assert (np.abs(shrunk.astype(int) - 127.5) <= 1).all()  # each 2 x 2 window has two black and two white pixels
    slightly = crop_face(image, box(0, 0, 80, 80), CropShape(size=54, margin_fraction=0.0))
    np.testing.assert_array_equal(slightly, cv2.resize(image, (54, 54), interpolation=cv2.INTER_CUBIC))
    edge = np.full((8, 8, 3), 50, dtype=np.uint8)
    edge[:, 4:] = 200
    enlarged = crop_face(edge, box(0, 0, 8, 8), CropShape(size=32, margin_fraction=0.0))
    np.testing.assert_array_equal(enlarged, cv2.resize(edge, (32, 32), interpolation=cv2.INTER_CUBIC))
    assert enlarged.min() < 50  # only cubic interpolation overshoots
    assert enlarged.max() > 200


@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize(
    ("xyxy", "colour"),
    [
        ((5, 7, 6, 8), (5, 7)),
        ((5, 7, 5, 7), (5, 7)),
        ((0, 0, 0, 0), (0, 0)),
        ((79, 59, 80, 60), (79, 59)),
        ((80, 60, 80, 60), (79, 59)),
        ((80, 10, 80, 11), (79, 10)),
        ((10, 60, 11, 60), (10, 59)),
        ((300, 300, 301, 301), (79, 59)),
        ((-50, -50, -49, -49), (0, 0)),
    ],
    ids=["pixel", "point", "origin", "last", "corner", "right_edge", "lower_edge", "beyond", "before"],
)
def test_the_smallest_boxes_give_a_crop_of_one_colour(
    xyxy: tuple[float, float, float, float], colour: tuple[int, int], square: bool
) -> None:
    shape = CropShape(size=16, margin_fraction=0.0, square=square)
    crop = crop_face(coordinate_image(60, 80), box(*xyxy), shape)
    assert (crop == (*colour, 7)).all()


def test_random_boxes_in_and_around_the_image_always_give_a_crop() -> None:
    rng = np.random.default_rng(3)
    image = coordinate_image(37, 53)
    for _ in range(300):
        low = rng.uniform(-60, 80, size=2)
        face = np.concatenate([low, low + rng.exponential(20, size=2)])
        shape = CropShape(size=12, margin_fraction=rng.uniform(0, 0.6), square=bool(rng.integers(2)))
        assert crop_face(image, face, shape).shape == (12, 12, 3)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (40, 1)])
def test_images_of_one_row_or_column_can_be_cut(height: int, width: int) -> None:
    face = cut_largest_face(coordinate_image(height, width), detections(), CropShape(size=8), no_face="whole_image")
    assert face.crop.shape == (8, 8, 3)


def test_a_banner_is_rejected() -> None:
    banner = np.zeros((2, 60_000, 3), dtype=np.uint8)
    with pytest.raises(ImageError, match="too_large: the face and its margin take 60000 x 60000 pixels"):
        cut_largest_face(banner, detections(), CropShape(), no_face="whole_image")


@pytest.mark.parametrize(("limit", "fits"), [(100, True), (99, False)])
def test_the_limit_of_a_window_counts_its_own_pixels(limit: int, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agelens.data_prep.faces.crop.MAX_WINDOW", limit)
    far_from_the_corner, shape = box(80, 70, 90, 80), CropShape(size=10, margin_fraction=0.0, square=False)
    if fits:
        assert window(crop_face(coordinate_image(100, 100), far_from_the_corner, shape)) == (80, 89, 70, 79)
    else:
        with pytest.raises(ImageError, match="too_large: the face and its margin take 10 x 10 pixels"):
            crop_face(coordinate_image(100, 100), far_from_the_corner, shape)


def test_equal_faces_stay_in_the_order_of_the_detector() -> None:
    lefts = range(60)  # every second face is 20 pixels high, the others 10
    boxes = [(left, 0, left + 10, 20 if left % 2 else 10) for left in lefts]
    faces = cut_faces(coordinate_image(30, 80), detections(*boxes), CropShape(size=4))
    assert [face.box[0] for face in faces] == [*lefts[1::2], *lefts[::2]]


def test_inputs_are_never_changed() -> None:
    image, faces = coordinate_image(60, 80), detections((-5, -5, 30, 30), (10, 10, 20, 20))
    before = image.copy(), faces.boxes.copy()
    cut_faces(image, faces, CropShape(size=16))
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(faces.boxes, before[1])


SMALL, LARGE, MIDDLE = (5, 5, 15, 15), (20, 5, 60, 45), (0, 30, 20, 50)


def test_faces_are_sorted_by_size_and_not_by_score() -> None:
    faces = cut_faces(coordinate_image(60, 80), detections(SMALL, LARGE, MIDDLE), CropShape(size=16))
    assert [tuple(face.box) for face in faces] == [LARGE, MIDDLE, SMALL]
    assert [face.score for face in faces] == pytest.approx([0.7, 0.5, 0.9])
    assert {face.found for face in faces} == {"detector"}


def test_equal_faces_are_sorted_by_score() -> None:
    twin = (30, 5, 40, 15)
    faces = cut_faces(coordinate_image(60, 80), detections(SMALL, twin), CropShape(size=16))
    assert [tuple(face.box) for face in faces] == [SMALL, twin]


@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize("no_face", ["drop", "whole_image"])
def test_the_largest_face_is_the_first(no_face: NoFace, square: bool) -> None:
    image, faces, shape = coordinate_image(60, 80), detections(SMALL, LARGE, MIDDLE), CropShape(size=16, square=square)
    first, largest = cut_faces(image, faces, shape)[0], cut_largest_face(image, faces, shape, no_face=no_face)
    np.testing.assert_array_equal(first.crop, largest.crop)
    assert tuple(first.box) == tuple(largest.box) == LARGE
    assert first.score == largest.score == pytest.approx(0.7)


def test_an_image_without_a_face_has_no_faces() -> None:
    assert cut_faces(coordinate_image(60, 80), detections(), CropShape()) == []


def test_an_image_without_a_face_is_rejected_with_a_reason() -> None:
    with pytest.raises(ImageError) as caught:
        cut_largest_face(coordinate_image(60, 80), detections(), CropShape(), no_face="drop")
    assert caught.value.reason == "no_face"


@pytest.mark.parametrize(
    ("square", "expected"), [(True, (0, 79, 0, 59)), (False, (0, 79, 0, 59))], ids=["square", "stretched"]
)
def test_a_ready_made_crop_is_used_whole_and_without_margin(square: bool, expected: tuple[int, int, int, int]) -> None:
    shape = CropShape(size=80, margin_fraction=0.15, square=square)
    face = cut_largest_face(coordinate_image(60, 80), detections(), shape, no_face="whole_image")
    assert isinstance(face, Face)
    assert (tuple(face.box), face.score, face.found) == ((0, 0, 80, 60), None, "whole_image")
    assert window(face.crop) == expected
    rows_of_the_first_line = (face.crop[:, 0, 1] == 0).sum()
    assert rows_of_the_first_line == (11 if square else 1)  # 10 repeated rows above the image, or none


def test_blur_reduces_sharpness() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2)
    assert sharpness(noise) > 10 * sharpness(blurred) > 0
    assert sharpness(np.full((64, 64, 3), 99, dtype=np.uint8)) == 0


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    dot = np.zeros((8, 8, 3), dtype=np.uint8)
    dot[4, 4] = 100  # the Laplacian is -400 there, 100 at its four neighbours and 0 elsewhere; its mean is 0
    assert sharpness(dot) == pytest.approx((400**2 + 4 * 100**2) / 64)


def test_box_in_pixels_of_its_crop() -> None:
    # The crop of its own size has the box at 0..10. At twice the size, pixel centres are at 2 (x + 0.5) - 0.5.
    face = box(40, 30, 50, 40)
    for size, inside in ((10, [0, 0, 10, 10]), (20, [0.5, 0.5, 20.5, 20.5])):
        shape = CropShape(size=size, margin_fraction=0.0)
        np.testing.assert_allclose(box_in_crop(face, shape, height=100, width=100), inside)


@pytest.mark.parametrize("margin", [-0.1, 2.1, math.nan, math.inf])
def test_a_margin_that_no_crop_can_have_is_an_error(margin: float) -> None:
    with pytest.raises(ParamsError, match=f"0 to 2 sides of the box. Received: margin_fraction {margin:g}"):
        CropShape(margin_fraction=margin)


def test_the_widest_margin_is_two_sides_of_the_box() -> None:
    crop = crop_face(coordinate_image(100, 100), box(45, 45, 55, 55), CropShape(size=50, margin_fraction=2.0))
    assert crop.shape == (50, 50, 3)
    assert (crop[0, 0, 0], crop[-1, -1, 0]) == (25, 74)
