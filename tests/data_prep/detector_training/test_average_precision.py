"""Evaluation of a face detector by hand: matching, average precision, squares without faces."""

import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.core.boxes import expand_boxes, pairwise_iou
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.detector_training.average_precision import (
    MatchedBoxes,
    average_precision,
    match_detections,
    pick_free_squares,
    scaled_sides,
)
from agelens.data_prep.faces.detector import Detections

Row = tuple[float, float, float, float]

FACE, FAR, TINY = (0, 0, 10, 10), (100, 100, 120, 120), (50, 50, 54, 54)
HALF, THIRD = (0, 0, 10, 5), (5, 0, 15, 10)  # IoU with FACE: 1/2, 1/3


def boxes(*rows: Row) -> npt.NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def match(found: list[tuple[Row, float]], faces: list[Row], *, ignored: list[bool] | None = None) -> MatchedBoxes:
    detections = Detections(boxes(*[box for box, _ in found]), np.array([score for _, score in found], dtype=float))
    mask = np.array(ignored if ignored is not None else [False] * len(faces), dtype=bool)
    return match_detections(detections, boxes(*faces), ignored=mask)


def matched(*rows: tuple[float, bool], face_count: int) -> MatchedBoxes:
    return MatchedBoxes(
        np.array([s for s, _ in rows], dtype=float), np.array([c for _, c in rows], dtype=bool), face_count
    )


@pytest.mark.parametrize(
    ("found", "faces", "expected"),
    [
        ([(FACE, 0.9)], [FACE], [(0.9, True)]),
        ([(HALF, 0.9)], [FACE], [(0.9, True)]),
        ([(THIRD, 0.9)], [FACE], [(0.9, False)]),
        ([(FAR, 0.9)], [FACE], [(0.9, False)]),
        ([(FACE, 0.9)], [], [(0.9, False)]),
        ([], [FACE], []),
        ([], [], []),
        ([(FACE, 0.9), (HALF, 0.8)], [FACE], [(0.9, True), (0.8, False)]),
        ([(FACE, 0.4), (HALF, 0.8)], [FACE], [(0.8, True), (0.4, False)]),
        ([(FAR, 0.9), (FACE, 0.8)], [FACE, FAR], [(0.9, True), (0.8, True)]),
        # A box is matched to the face that it overlaps most; the second box of that face is false.
        ([((0, 0, 10, 8), 0.9), ((0, 0, 10, 7), 0.8)], [FACE, HALF], [(0.9, True), (0.8, True)]),
        ([(FACE, 0.9), ((0, 0, 10, 9), 0.8)], [FACE, HALF], [(0.9, True), (0.8, False)]),
    ],
    ids=[
        "exact",
        "half is enough",
        "a third is not",
        "beside",
        "no face",
        "no box",
        "nothing",
        "second on a face",
        "best score first",
        "one each",
        "each has its own best",
        "same best",
    ],
)
def test_the_best_box_on_the_face_that_it_overlaps_most_is_correct(
    found: list[tuple[Row, float]], faces: list[Row], expected: list[tuple[float, bool]]
) -> None:
    matched_boxes = match(found, faces)
    assert list(zip(matched_boxes.scores.tolist(), matched_boxes.correct.tolist(), strict=True)) == expected
    assert matched_boxes.face_count == len(faces)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(FACE, 0.9), (TINY, 0.8)], [(0.9, True)]),
        ([(TINY, 0.9), (TINY, 0.8), (TINY, 0.7)], []),
        ([(TINY, 0.9), (FACE, 0.8), (HALF, 0.7)], [(0.8, True), (0.7, False)]),
        ([((50, 50, 60, 60), 0.9)], [(0.9, False)]),
        ([], []),
    ],
    ids=["left out", "as often as it likes", "among others", "overlaps too little", "not missed"],
)
def test_ignored_faces_and_their_boxes_do_not_count(
    found: list[tuple[Row, float]], expected: list[tuple[float, bool]]
) -> None:
    matched_boxes = match(found, [TINY, FACE], ignored=[True, False])
    assert list(zip(matched_boxes.scores.tolist(), matched_boxes.correct.tolist(), strict=True)) == expected
    assert matched_boxes.face_count == 1


@pytest.mark.parametrize(
    ("excused", "expected"),
    [
        ([False, False, False, False], [(0.9, False), (0.8, True), (0.7, False)]),
        ([True, True, True, True], [(0.8, True), (0.7, False)]),
        ([True, False, False, False], [(0.8, True), (0.7, False)]),
    ],
    ids=["none", "all", "beside"],
)
def test_an_excused_box_counts_only_if_it_belongs_to_a_face(
    excused: list[bool], expected: list[tuple[float, bool]]
) -> None:
    # Not sorted by score, so that the mask must be sorted with the boxes: tiny, second, first, beside.
    found = Detections(boxes(TINY, HALF, FACE, FAR), np.array([0.6, 0.7, 0.8, 0.9]))
    mask = np.array(excused[::-1])
    matched_boxes = match_detections(found, boxes(FACE, TINY), ignored=np.array([False, True]), excused=mask)
    assert list(zip(matched_boxes.scores.tolist(), matched_boxes.correct.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([matched((0.9, True), face_count=1)], 1),
        ([matched((0.9, True), face_count=4)], 1 / 4),
        ([matched((0.9, False), face_count=1)], 0),
        ([matched(face_count=3)], 0),
        ([matched((0.9, True), (0.8, False), face_count=1)], 1),
        ([matched((0.9, False), (0.8, True), face_count=1)], 1 / 2),
        # Precision 1, 1/2, 2/3, 3/4 at recall 1/4, 1/4, 2/4, 3/4: interpolation raises 2/3 to 3/4.
        ([matched((0.9, True), (0.8, False), (0.7, True), (0.6, True), face_count=4)], 1 / 4 + 2 / 4 * 3 / 4),
        # The same boxes in three images, one of them without a face.
        (
            [
                matched((0.7, True), face_count=1),
                matched((0.8, False), face_count=0),
                matched((0.9, True), (0.6, True), face_count=3),
            ],
            1 / 4 + 2 / 4 * 3 / 4,
        ),
    ],
    ids=["perfect", "three missed", "false", "blind", "false after", "false before", "dip", "three images"],
)
def test_average_precision_is_the_area_under_the_interpolated_curve(
    images: list[MatchedBoxes], expected: float
) -> None:
    assert average_precision(images) == pytest.approx(expected)


def test_boxes_of_equal_score_are_added_at_once() -> None:
    right, wrong = matched((0.5, True), face_count=1), matched((0.5, False), face_count=1)
    assert average_precision([right, wrong]) == average_precision([wrong, right]) == pytest.approx(1 / 2 * 1 / 2)


@pytest.mark.parametrize("images", [[], [matched((0.9, False), face_count=0)]], ids=["no image", "no face"])
def test_average_precision_needs_a_face(images: list[MatchedBoxes]) -> None:
    with pytest.raises(DataError, match="at least one labelled face"):
        average_precision(images)


def test_the_shorter_side_is_measured_in_the_scaled_image() -> None:
    faces = boxes((0, 0, 32, 40), (0, 0, 100, 10))
    assert scaled_sides(faces, height=1024, width=600, longest=512).tolist() == [16, 5]
    assert scaled_sides(faces, height=100, width=256, longest=512).tolist() == [64, 20]


def test_free_squares_are_in_the_image_and_overlap_no_face_or_square() -> None:
    faces, picked = boxes((200, 150, 260, 210), (0, 0, 40, 40)), []
    for seed in range(20):
        squares = pick_free_squares(
            faces, height=480, width=640, rng=np.random.default_rng(seed), most=3, sides=(100, 200)
        )
        sides = squares[:, 2:] - squares[:, :2]
        assert len(squares) <= 3
        assert (sides[:, 0] == sides[:, 1]).all()
        assert ((sides >= 100) & (sides <= 200)).all()
        assert (squares >= 0).all()
        assert (squares <= [640, 480, 640, 480]).all()
        assert not pairwise_iou(squares, expand_boxes(faces, margin_fraction=0.2)).any()
        assert np.count_nonzero(pairwise_iou(squares, squares)) == len(squares)
        picked.append(len(squares))
    assert max(picked) == 3


@pytest.mark.parametrize(
    ("faces", "height", "width", "expected"),
    [
        ([], 128, 128, [[0, 0, 128, 128]]),
        ([], 127, 640, []),
        ([(60, 60, 70, 70)], 128, 128, []),
        # 100 px of face at the left, enlarged by 20 %, reach 120 px: beside them 128 px are free, or not.
        ([(0, 0, 100, 128)], 128, 248, [[120, 0, 248, 128]]),
        ([(0, 0, 100, 128)], 128, 247, []),
    ],
    ids=["whole image", "image too small", "face in the middle", "just room", "no room because faces grow"],
)
def test_free_squares_need_enough_space(faces: list[Row], height: int, width: int, expected: list[list[float]]) -> None:
    rng = np.random.default_rng(0)
    found = pick_free_squares(boxes(*faces), height=height, width=width, rng=rng, most=1, attempts=1500)
    assert found.tolist() == expected


def test_squares_depend_on_the_seed() -> None:
    first, again, other = (
        pick_free_squares(boxes(), height=500, width=500, rng=np.random.default_rng(seed)).tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other
