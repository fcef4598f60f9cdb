"""Duplicates that are found by aligned faces: turned, cropped and mirrored copies."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.alignment import TEMPLATE, align_points, warp_view
from agelens.data_prep.splits.crop_signature import FaceSignatures, describe_crop, describe_face
from tests.data_prep.splits.drawn_signatures import angle, draw_image, hand_made, photos


def turn(image: Pixels, degrees: float) -> Pixels:
    return np.array(Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC))


def turned_points(points: npt.NDArray[np.float64], degrees: float) -> npt.NDArray[np.float64]:
    """Return points of 150 x 150 pixels after `turn`, which is counterclockwise with y pointing down."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (points - 74.5) @ np.array([[cos, -sin], [sin, cos]]) + 74.5


def test_a_mirrored_face_belongs_to_the_same_photo():
    views = [draw_image(seed) for seed in range(20)]
    views.append(np.ascontiguousarray(views[3][:, ::-1]))
    names = [f"{index:02d}" for index in range(21)]
    crops = [describe_crop(draw_image(100 + index)) for index in range(21)]  # unlike each other
    faces = [describe_face(view) for view in views]
    assert photos(crops, names) == names
    assert photos(crops, names, faces=faces) == [*names[:20], "03"]


def test_faces_are_compared_only_where_they_are_known_and_both_measures_agree():
    crops = [hand_made(1 << 20 * index, *angle(90 * index), pixels=str(index)) for index in range(3)]
    face = FaceSignatures(hand_made(0, *angle(0)), hand_made(2**64 - 1, *angle(90)))
    turned = FaceSignatures(hand_made(0b11_1111_1111, *angle(14)), hand_made(2**64 - 1, *angle(90)))
    other = FaceSignatures(hand_made(0, *angle(14.2)), hand_made(2**64 - 1, *angle(90)))
    assert photos(crops, list("abc"), faces=[face, turned, None]) == ["a", "a", "c"]
    assert photos(crops, list("cba"), faces=[None, turned, face]) == ["c", "a", "a"]
    assert photos(crops, list("abc"), faces=[face, other, None]) == ["a", "b", "c"]
    assert photos(crops, list("abc"), faces=[None, None, None]) == ["a", "b", "c"]


@pytest.mark.parametrize("copy", [lambda face: face[8:-8, 8:-8], lambda face: turn(face, 3)], ids=["cropped", "turned"])
def test_an_altered_copy_is_found_by_its_aligned_face(copy):
    # The five points of the copy are known here; in the pipeline they are located.
    image = draw_image(3, size=150)
    moved = copy(image)
    points = TEMPLATE - 8 if moved.shape != image.shape else turned_points(TEMPLATE, 3)
    view = warp_view(np.ascontiguousarray(moved), align_points(points, side=150), side=150)
    crops = [describe_crop(draw_image(50)), describe_crop(draw_image(51))]
    assert photos(crops, ["a", "b"], faces=[describe_face(image), describe_face(view)]) == ["a", "a"]
