"""What users pass as an image becomes RGB, or is refused by type and shape."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.image_inputs import as_image, is_one_image

RGB = np.array([[[10, 20, 30], [40, 50, 60]]], dtype=np.uint8)
"""One row of two pixels."""


def as_rgb(value, **options):
    return as_image(value, **options).pixels


def encoded() -> bytes:
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "value",
    [RGB, Image.fromarray(RGB), encoded(), bytearray(encoded()), memoryview(encoded())],
    ids=["array", "PIL", "bytes", "bytearray", "memoryview"],
)
def test_every_kind_gives_the_same_pixels(value: Any) -> None:
    assert is_one_image(value)
    np.testing.assert_array_equal(as_rgb(value), RGB)


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_are_read(kind: type, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(encoded())
    value = kind(tmp_path / "one.png")
    assert is_one_image(value)
    np.testing.assert_array_equal(as_rgb(value), RGB)


@pytest.mark.parametrize("shape", [(1, 2), (1, 2, 1)])
def test_grey_is_repeated(shape: tuple[int, ...]) -> None:
    grey = np.array([7, 200], dtype=np.uint8).reshape(shape)
    assert as_rgb(grey).tolist() == [[[7, 7, 7], [200, 200, 200]]]
    assert as_rgb(grey, bgr=True).tolist() == [[[7, 7, 7], [200, 200, 200]]]


def test_bgr_reverses_the_colours_of_arrays_only() -> None:
    assert as_rgb(RGB, bgr=True).tolist() == RGB[..., ::-1].tolist()
    assert as_rgb(encoded(), bgr=True).tolist() == RGB.tolist()
    assert as_rgb(RGB, bgr=True).flags["C_CONTIGUOUS"]


def test_transparency_is_blended_with_white() -> None:
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0]]], dtype=np.uint8)
    assert as_rgb(rgba).tolist() == [[[10, 20, 30], [255, 255, 255]]]
    assert as_rgb(rgba, bgr=True).tolist() == [[[30, 20, 10], [255, 255, 255]]]
    assert as_rgb(Image.fromarray(rgba)).tolist() == as_rgb(rgba).tolist()


def test_pil_images_are_turned_upright() -> None:
    image = Image.fromarray(RGB)
    image.getexif()[ExifTags.Base.Orientation] = 6
    assert as_rgb(image).shape == (2, 1, 3)


REFUSED = {
    "None": (None, "NoneType"),
    "number": (3.5, "float"),
    "list of numbers": ([[1, 2], [3, 4]], "list"),
    "floats 0 to 1": (np.zeros((4, 5, 3), np.float32), "float32 array of shape (4, 5, 3); multiply values in 0..1"),
    "16 bits": (np.zeros((4, 5, 3), np.uint16), "uint16 array of shape (4, 5, 3)"),
    "channels first": (np.zeros((3, 4, 5), np.uint8), "(3, 4, 5); channels must be last"),
    "two channels": (np.zeros((4, 5, 2), np.uint8), "uint8 array of shape (4, 5, 2)"),
    "no pixels": (np.zeros((0, 0, 3), np.uint8), "uint8 array of shape (0, 0, 3)"),
    "no pixels in grey": (np.zeros((0, 5), np.uint8), "uint8 array of shape (0, 5)"),
    "one axis": (np.zeros(9, np.uint8), "uint8 array of shape (9,)"),
    "no axis": (np.array(3, np.uint8), "uint8 array of shape ()"),
    "booleans": (np.zeros((4, 5), bool), "bool array of shape (4, 5)"),
    "objects": (np.array([None, None]), "object array of shape (2,)"),
    "empty PIL image": (Image.new("RGB", (0, 5)), "a PIL image of 0 x 5 pixels"),
}


@pytest.mark.parametrize(("value", "words"), REFUSED.values(), ids=REFUSED)
def test_other_values_are_refused_by_type_and_shape(value: Any, words: str) -> None:
    with pytest.raises(ImageError) as caught:
        as_rgb(value)
    assert caught.value.reason == "unsupported"
    assert words in caught.value.detail


def test_the_shape_of_a_foreign_tensor_is_named() -> None:
    class Tensor:
        shape = (2, 3)

    with pytest.raises(ImageError, match=r"Tensor of shape \(2, 3\)"):
        as_rgb(Tensor())


@pytest.mark.parametrize("value", [b"", b"no image", b"\x89PNG"])
def test_bytes_that_are_no_image_are_refused(value: bytes) -> None:
    with pytest.raises(ImageError):
        as_rgb(value)


@pytest.mark.parametrize("value", [[RGB], (RGB,), np.zeros((2, 4, 5, 3), np.uint8), {1: RGB}, None])
def test_collections_are_not_one_image(value: Any) -> None:
    assert not is_one_image(value)
