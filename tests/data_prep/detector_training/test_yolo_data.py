"""Training images of the face detector: label files, rotated boxes, tight crops, hard squares."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.core.boxes import pairwise_iou
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.detector_training.yolo_data import (
    blank_images,
    cut_tight_crop,
    hard_squares,
    read_yolo_boxes,
    rotate_boxes,
    tight_crops,
    yolo_lines,
)
from agelens.data_prep.faces.detector import Detections

Floats = npt.NDArray[np.float64]
IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])
BOX = np.array([[10.0, 20, 30, 60]])  # 20 wide, 40 high, about (20, 40)


def disc_photo(height: int = 200, width: int = 300) -> tuple[npt.NDArray[np.uint8], Floats]:
    """Return a black photograph with one white ellipse, and its box."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    cv2.ellipse(image, (150, 100), (30, 40), 0, 0, 360, (255, 255, 255), -1)
    return image, np.array([[120.0, 60, 181, 141]])


def test_a_label_file_gives_pixel_boxes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.5 0.25\n\n0 0.1 0.2 0.2 0.4\n")
    boxes = read_yolo_boxes(tmp_path / "a.txt", height=200, width=400)
    np.testing.assert_allclose(boxes, [[100, 75, 300, 125], [0, 0, 80, 80]])


def test_a_photograph_without_faces_has_an_empty_label_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(yolo_lines(np.zeros((0, 4)), height=10, width=10))
    assert (tmp_path / "a.txt").read_text() == ""
    assert read_yolo_boxes(tmp_path / "a.txt", height=10, width=10).shape == (0, 4)


def test_a_photograph_without_a_label_file_has_no_faces(tmp_path: Path) -> None:
    assert read_yolo_boxes(tmp_path / "none.txt", height=10, width=10).shape == (0, 4)


def test_boxes_are_unchanged_by_writing_and_reading(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    low = rng.uniform(0, 300, size=(20, 2))
    boxes = np.concatenate([low, low + rng.uniform(1, 100, size=(20, 2))], axis=1)
    (tmp_path / "a.txt").write_text(yolo_lines(boxes, height=400, width=640))
    np.testing.assert_allclose(read_yolo_boxes(tmp_path / "a.txt", height=400, width=640), boxes, atol=1e-3)


def test_the_text_of_a_label_file_is_in_fractions_of_the_image() -> None:
    assert yolo_lines(BOX, height=80, width=40) == "0 0.500000 0.500000 0.500000 0.500000\n"


@pytest.mark.parametrize("text", ["0 0.5 0.5 0.5\n", "0 0.5 0.5 0.5 0.5 0.9\n", "face 0.5 0.5 0.5 0.5\n", "x\n"])
def test_a_line_without_five_numbers_is_an_error_with_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.txt").write_text("0 0.5 0.5 0.5 0.5\n" + text)
    with pytest.raises(DataError, match=r"five numbers .*bad\.txt"):
        read_yolo_boxes(tmp_path / "bad.txt", height=10, width=10)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (IDENTITY, (10, 20, 30, 60)),
        (np.array([[1.0, 0, 5], [0, 1, -7]]), (15, 13, 35, 53)),
        (IDENTITY * 2, (20, 40, 60, 120)),
        (cv2.getRotationMatrix2D((20, 40), 90, 1.0), (0, 30, 40, 50)),
        (cv2.getRotationMatrix2D((20, 40), 180, 1.0), (10, 20, 30, 60)),
        (np.array([[0.0, -1, 0], [1, 0, 0]]), (-60, 10, -20, 30)),
    ],
    ids=["none", "shifted", "doubled", "90_about_itself", "180_about_itself", "90_about_the_origin"],
)
def test_rotated_boxes_have_the_hand_computed_values(
    matrix: Floats, expected: tuple[float, float, float, float]
) -> None:
    np.testing.assert_allclose(rotate_boxes(BOX, matrix), [expected], atol=1e-9)


def test_the_box_of_a_circle_is_the_same_at_every_angle() -> None:
    circle = np.array([[0.0, 0, 20, 20]])
    for angle in range(0, 360, 15):
        turned = rotate_boxes(circle, cv2.getRotationMatrix2D((10, 10), angle, 1.0))
        np.testing.assert_allclose(turned, circle, atol=1e-9)


def test_a_rotated_box_is_the_bounding_box_of_the_rotated_ellipse() -> None:
    matrix = cv2.getRotationMatrix2D((7, -3), 25, 1.3)
    angle = np.linspace(0, 2 * np.pi, 100_000)
    ellipse = np.stack([20 + 10 * np.cos(angle), 40 + 20 * np.sin(angle)], axis=1)
    moved = ellipse @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(rotate_boxes(BOX, matrix)[0], [*moved.min(axis=0), *moved.max(axis=0)], atol=1e-6)


def test_an_empty_array_of_boxes_can_be_rotated() -> None:
    assert rotate_boxes(np.zeros((0, 4)), IDENTITY).shape == (0, 4)


@pytest.mark.parametrize("seed", range(40))
def test_the_box_of_a_tight_crop_contains_the_face(seed: int) -> None:
    image, boxes = disc_photo()
    crop, found = cut_tight_crop(image, boxes, which=0, size=160, rng=np.random.default_rng(seed))
    assert (crop.shape, found.shape) == ((160, 160, 3), (1, 4))
    assert crop.dtype == np.uint8
    rows, columns = np.nonzero(crop[..., 0] > 127)
    seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    np.testing.assert_allclose(found[0], seen, atol=2.5)


def test_boxes_of_a_tight_crop_are_inside_of_it() -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    low = rng.uniform(0, 100, size=(12, 2))
    boxes = np.concatenate([low, low + rng.uniform(4, 40, size=(12, 2))], axis=1)
    counts = set()
    for which in range(12):
        for _ in range(10):
            _, found = cut_tight_crop(image, boxes, which=which, size=96, rng=rng)
            assert (found >= 0).all()
            assert (found <= 96).all()
            assert (found[:, 2:] > found[:, :2]).all()
            counts.add(len(found))
    assert 0 not in counts  # the selected face is always visible
    assert max(counts) > 1


def test_the_face_takes_40_to_105_percent_of_the_side() -> None:
    image = np.zeros((400, 400, 3), dtype=np.uint8)
    circle = np.array([[150.0, 150, 250, 250]])
    shares = []
    for seed in range(200):
        _, found = cut_tight_crop(image, circle, which=0, size=100, rng=np.random.default_rng(seed))
        shares.append((found[0, 2:] - found[0, :2]).max() / 100)
    assert 0.4 - 1e-9 <= min(shares) < 0.45
    assert 0.95 < max(shares) <= 1


def test_the_face_is_shifted_by_up_to_12_percent() -> None:
    image = np.zeros((400, 400, 3), dtype=np.uint8)
    circle = np.array([[150.0, 150, 250, 250]])
    crops = [cut_tight_crop(image, circle, which=0, size=100, rng=np.random.default_rng(seed)) for seed in range(200)]
    whole = [found[0] for _, found in crops if found.min() > 0 and found.max() < 100]
    off = np.array([(box[:2] + box[2:]) / 2 - 50 for box in whole])
    assert np.abs(off).max() <= 12
    assert (off.min(axis=0) < -10).all()
    assert (off.max(axis=0) > 10).all()


def test_the_same_seed_gives_the_same_crop() -> None:
    image, boxes = disc_photo()
    first, second, other = (
        cut_tight_crop(image, boxes, which=0, size=64, rng=np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize(
    ("most", "min_side", "count"), [(2, 30, 2), (9, 30, 2), (9, 5, 3), (1, 5, 1), (9, 70, 0), (0, 5, 0)]
)
def test_tight_crops_are_cut_around_the_largest_faces(most: int, min_side: float, count: int) -> None:
    image, _ = disc_photo()
    boxes = np.array([[0.0, 0, 10, 10], [20, 20, 60, 80], [100, 50, 160, 110]])
    crops = list(tight_crops(image, boxes, most=most, size=64, min_side=min_side, rng=np.random.default_rng(0)))
    assert len(crops) == count


def test_a_photograph_without_faces_has_no_tight_crop() -> None:
    image, _ = disc_photo()
    nothing = np.zeros((0, 4))
    assert list(tight_crops(image, nothing, most=3, size=64, min_side=1, rng=np.random.default_rng(0))) == []


def test_blank_images_are_of_three_kinds() -> None:
    images = list(blank_images(6, size=32, rng=np.random.default_rng(0)))
    assert [(image.shape, image.dtype) for image in images] == [((32, 32, 3), np.uint8)] * 6
    spreads = [image.std(axis=(0, 1)).max() for image in images]
    assert spreads[0] == spreads[3] == 0  # one colour
    assert min(spreads[1], spreads[2], spreads[4], spreads[5]) > 0


class BrightnessDetector:
    """Finds a face in every image that is not black; the score is the brightness."""

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return one box per image, or none for a black one."""
        scores = [np.array([image.mean() / 255] if image.any() else []) for image in images]
        return [Detections(np.tile([0.0, 0, 9, 9], (len(some), 1)), some) for some in scores]


def test_hard_squares_contain_false_detections() -> None:
    image = np.zeros((600, 1200, 3), dtype=np.uint8)
    image[:, 600:] = 128  # false detections in the right half: half of full brightness scores 0.5
    face = np.array([[700.0, 0, 800, 100]])
    squares = hard_squares(image, face, BrightnessDetector(), most=3, rng=np.random.default_rng(1))
    assert 1 <= len(squares) <= 3
    assert (squares[:, 2] > 600).all()
    assert not pairwise_iou(squares, face).any()
    assert not np.triu(pairwise_iou(squares, squares), k=1).any()


@pytest.mark.parametrize("brightness", [5, 250])
def test_squares_with_too_low_or_too_high_scores_are_not_hard(brightness: int) -> None:
    image = np.full((300, 300, 3), brightness, dtype=np.uint8)
    squares = hard_squares(image, np.zeros((0, 4)), BrightnessDetector(), most=3, rng=np.random.default_rng(1))
    assert squares.shape == (0, 4)
