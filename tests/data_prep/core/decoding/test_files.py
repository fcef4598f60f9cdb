"""Formats of telephones and cameras, large files, and animations."""

import builtins
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agelens.data_prep.core.decoding.files import MAX_REDUCED_PIXELS, is_image
from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import ImageFile, decode_image, decode_rgb, read_image
from tests.data_prep.encoded_images import drawn_photo, encoded
from tests.locations import SHARED_CASES

# The filter of agelens.data_prep.core.decoding.files, which pytest replaces by its own in every test.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

FORMATS = SHARED_CASES / "formats"
needs_cases = pytest.mark.skipif(not FORMATS.is_dir(), reason=f"no files of telephones at {FORMATS}")


@pytest.mark.parametrize(
    ("kind", "options", "difference"),
    [("AVIF", {"quality": 95}, 6), ("JPEG2000", {"irreversible": False}, 0), ("DIB", {}, 0)],
)
def test_further_formats_are_read(kind: str, options: dict[str, Any], difference: float) -> None:
    content = encoded(drawn_photo(), kind, **options)
    assert is_image(content)
    image = decode_rgb(content)
    assert np.abs(image.astype(int) - drawn_photo()).mean() <= difference


@pytest.mark.parametrize("kind", ["AVIF", "JPEG2000"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_files_of_further_formats_are_rejected(kind: str, share: float) -> None:
    content = encoded(drawn_photo(), kind)
    with pytest.raises(ImageError, match=r"^(truncated|not_an_image)"):
        decode_rgb(content[: int(len(content) * share)])


@needs_cases
def test_a_photograph_of_a_telephone_is_read_in_each_format() -> None:
    pytest.importorskip("pillow_heif")
    images = [read_image(FORMATS / name) for name in ("phone.avif", "phone.HEIC", "noeoi_seq.jpg")]
    assert [image.pixels.shape for image in images] == [(1000, 440, 3)] * 3
    assert [image.notes for image in images[:2]] == [(), ()]
    assert images[2].notes == ("no_end_marker: the file ends without a marker; its pixels are complete",)
    for image in images[:2]:
        assert np.abs(image.pixels.astype(int) - images[2].pixels).mean() < 5  # the same photograph


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100)


def test_heic_without_its_package_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pillow_heif":
            raise ModuleNotFoundError(name=name)
        return original(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "pillow_heif", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImageError, match=r"needs_heif: .* pip install 'agelens\[heif\]'"):
        decode_rgb(HEIC)
    assert is_image(HEIC)


def test_a_damaged_heic_is_rejected() -> None:
    pytest.importorskip("pillow_heif")
    with pytest.raises(ImageError, match=r"^(truncated|not_an_image)"):
        decode_rgb(HEIC)


def large(height: int, width: int, **options: Any) -> bytes:
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.stack([rows * 255 // height, columns * 255 // width, np.zeros_like(rows)], axis=-1).astype(np.uint8)
    return encoded(image, "JPEG", **options)


@pytest.mark.parametrize(
    ("max_pixels", "shape", "reduction"),
    [(48_000, (200, 240), 1), (47_999, (100, 120), 2), (11_000, (50, 60), 4), (2_000, (25, 30), 8)],
)
def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(
    max_pixels: int, shape: tuple[int, int], reduction: int
) -> None:
    content, admitted = large(200, 240), []
    found = decode_image(content, max_pixels=max_pixels, reduce=True, admit=admitted.append)
    assert found.pixels.shape == (*shape, 3)
    assert found.reduction == reduction
    assert admitted == [shape[0] * shape[1]]
    assert bool(found.notes) == (reduction > 1)
    whole = decode_rgb(content).reshape(shape[0], reduction, shape[1], reduction, 3).mean(axis=(1, 3))
    assert np.abs(found.pixels - whole).mean() < 3


def test_sides_that_are_no_multiple_are_rounded_up() -> None:
    found = decode_image(large(201, 243), max_pixels=20_000, reduce=True)
    assert (found.pixels.shape, found.reduction) == ((101, 122, 3), 2)
    assert found.notes == ("reduced: 243 x 201 pixels, decoded at 1/2 of the size",)


@pytest.mark.parametrize("content", [large(200, 240, progressive=True), encoded(drawn_photo(200, 240), "PNG")])
def test_other_large_files_are_rejected(content: bytes) -> None:
    with pytest.raises(ImageError, match="too_large: 240 x 200 pixels"):
        decode_image(content, max_pixels=30_000, reduce=True)


def test_without_reduction_a_large_jpeg_is_rejected() -> None:
    with pytest.raises(ImageError, match="too_large"):
        decode_rgb(large(200, 240), max_pixels=30_000)


def test_a_jpeg_bomb_is_rejected_before_it_is_decoded() -> None:
    content = bytearray(large(16, 16))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = (65_000).to_bytes(2, "big") * 2
    assert MAX_REDUCED_PIXELS < 65_000**2
    with pytest.raises(ImageError, match="too_large: 65000 x 65000"):
        decode_image(bytes(content), reduce=True)


def animation(frames: list[Image.Image], kind: str) -> ImageFile:
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    return decode_image(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))


PHOTO = Image.fromarray(drawn_photo(24, 32))
BLANK = Image.new("RGB", PHOTO.size, (0, 0, 0))
CLEAR = Image.new("RGBA", PHOTO.size, (9, 9, 9, 0))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("blank", [[BLANK], [Image.new("RGB", PHOTO.size, "white"), BLANK], [CLEAR]])
def test_blank_frames_at_the_beginning_of_an_animation_are_skipped(kind: str, blank: list[Image.Image]) -> None:
    photo = PHOTO.convert(blank[0].mode)
    found = animation([*blank, photo, BLANK.convert(photo.mode)], kind)
    assert np.abs(found.pixels.astype(int) - np.asarray(PHOTO)).mean() < (12 if kind == "GIF" else 1)
    assert found.notes == (f"frame: the first frame is blank; frame {len(blank) + 1} was read",)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_first_frame_with_content_and_an_animation_without_any_are_read_as_they_are(kind: str) -> None:
    assert animation([PHOTO, BLANK], kind).notes == ()
    blank = animation([BLANK, Image.new("RGB", BLANK.size, "white")], kind)
    assert blank.notes == ()
    assert (blank.pixels == 0).all()


def test_a_buffer_that_is_no_image_is_recognised() -> None:
    assert not is_image(b"BM.jpg\nalbum/a.jpg\n")
    assert not is_image(b"")
