"""Reading and writing of images: every kind of damaged file has a reason."""

import io
import os
import struct
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import (
    MAX_BYTES,
    decode_rgb,
    encode_jpeg,
    find_images,
    jpeg_round_trip,
    read_image_bytes,
    read_rgb,
    write_jpeg,
    write_png,
)
from tests.data_prep.encoded_images import drawn_photo, encoded

# The filter of agelens.data_prep.core.images, which pytest replaces by its own in every test.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def reason(content: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode_rgb(content)
    return caught.value.reason


def png_header(width: int, height: int) -> bytes:
    """Return a valid PNG of one colour, whose pixels compress by a factor of a thousand."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * width)
    pixels = b"".join(packer.compress(row) for _ in range(min(height, 200))) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_files_are_read_exactly(kind: str) -> None:
    photo = drawn_photo()
    image = decode_rgb(encoded(photo, kind))
    np.testing.assert_array_equal(image, photo)
    assert image.dtype == np.uint8


def test_of_a_jpeg_with_two_images_the_first_is_read() -> None:
    two = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    image = decode_rgb(encoded(two[0], "MPO", save_all=True, append_images=two[1:]))
    assert image.shape == (8, 8, 3)
    assert image[4, 4, 0] > 250
    assert image[4, 4, 2] < 5


@pytest.mark.parametrize("share", [0.3, 0.5, 0.75, 0.95, 0.99])
@pytest.mark.parametrize(
    "options", [{"quality": 90}, {"quality": 90, "progressive": True}], ids=["baseline", "progressive"]
)
def test_a_jpeg_with_missing_pixels_is_truncated(share: float, options: dict[str, Any]) -> None:
    content = encoded(drawn_photo(), "JPEG", **options)
    assert reason(content[: int(len(content) * share)]) == "truncated"


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_files_of_other_formats_are_rejected(kind: str, share: float) -> None:
    content = encoded(drawn_photo(), kind)
    assert reason(content[: int(len(content) * share)]) in {"truncated", "not_an_image"}


def test_a_png_with_missing_pixels_is_truncated() -> None:
    content = encoded(drawn_photo(), "PNG")
    assert reason(content[: len(content) // 2]) == "truncated"


@pytest.mark.parametrize(("length", "expected"), [(1, "not_an_image"), (2, "not_an_image"), (100, "truncated")])
def test_a_jpeg_with_a_truncated_header_is_rejected(length: int, expected: str) -> None:
    assert reason(encoded(drawn_photo(), "JPEG")[:length]) == expected


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"password,1\n2.jpg,30\n", "no format that is read"),
        (b"\n<html><body>404 Not Found</body></html>", "a web page"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\x00" * 1000, "no format that is read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n", "no format that is read"),
        (b"%PDF-1.7\n", "a PDF file"),
        (b"PK\x03\x04", "an archive"),
        (b"\x89PNG\r\n\x1a\n", "a damaged PNG file"),
    ],
)
def test_other_files_are_named_by_their_kind_without_their_content(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_rgb(path)
    assert (caught.value.reason, caught.value.detail) == ("not_an_image", f"begins like {kind}")


def test_postscript_is_rejected_although_pillow_knows_it() -> None:
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "EPS"
    assert reason(content) == "not_an_image"


def test_damaged_files_raise_only_image_errors() -> None:
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112], exif[0x011A] = 6, 72.0
    photo = drawn_photo(24, 32)
    sound = [encoded(photo, kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP")] + [encoded(photo, "GIF")]
    reasons = set()
    for index in range(1_000):
        content = bytearray(sound[index % len(sound)])
        for position in rng.integers(0, min(len(content), 200), size=rng.integers(1, 6)):
            content[position] = rng.integers(256)
        try:
            decode_rgb(bytes(content), max_pixels=1_000_000)
        except ImageError as error:
            reasons.add(error.reason)
    assert reasons == {"truncated", "not_an_image", "too_large"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gone.jpg", "missing"),
        ("sound.png/inner.jpg", "missing"),
        ("empty.jpg", "empty_file"),
        ("folder.jpg", "not_a_file"),
        ("pipe.jpg", "not_a_file"),
        ("huge.jpg", "too_large"),
        ("x" * 300 + ".jpg", "unreadable"),
        ("nul\0.jpg", "unreadable"),
        ("dangling.jpg", "missing"),
        ("loop.jpg", "unreadable"),
    ],
)
def test_unreadable_files_have_a_reason(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "sound.png").write_bytes(encoded(drawn_photo(), "PNG"))
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dangling.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ImageError) as caught:
        read_image_bytes(tmp_path / name)
    assert caught.value.reason == expected


@pytest.mark.parametrize(
    "name", ["with space.png", "new\nline.png", "人物 фото é.png", "-rf.png", "100%.png", "a'\"b.png", "a;b|c&d.png"]
)
def test_names_can_contain_any_character(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encoded(drawn_photo(), "PNG"))
    np.testing.assert_array_equal(read_rgb(path), drawn_photo())
    assert find_images(tmp_path) == [path]


def test_a_name_that_is_not_unicode_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(encoded(drawn_photo(), "PNG"))
    assert [read_rgb(found).shape for found in find_images(tmp_path)] == [(120, 160, 3)]


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (10_001, 10_000)])
def test_a_decompression_bomb_is_rejected_before_it_is_decoded(width: int, height: int) -> None:
    content = png_header(width, height)
    assert reason(b"first call: imports of Pillow do not count") == "not_an_image"
    tracemalloc.start()
    try:
        assert reason(content) == "too_large"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(("size", "reason"), [(10, "not_an_image"), (11, "too_large")])
def test_a_file_of_the_largest_size_is_read(
    size: int, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agelens.data_prep.core.images.MAX_BYTES", 10)
    (tmp_path / "a.jpg").write_bytes(b"x" * size)
    with pytest.raises(ImageError) as caught:
        read_rgb(tmp_path / "a.jpg")
    assert caught.value.reason == reason


def test_the_limit_of_pixels_can_be_set() -> None:
    content = encoded(drawn_photo(10, 10), "PNG")
    assert decode_rgb(content, max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(ImageError, match="10 x 10 pixels; at most 99"):
        decode_rgb(content, max_pixels=99)


def test_reading_in_threads_does_not_change_the_warning_filters() -> None:
    before = list(warnings.filters)
    content = encoded(drawn_photo(), "PNG")
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(decode_rgb, [content] * 200))
    assert len(images) == 200
    assert list(warnings.filters) == before


def test_a_decoded_jpeg_differs_by_less_than_three_levels(tmp_path: Path) -> None:
    photo = drawn_photo()
    write_jpeg(tmp_path / "deep" / "crop.jpg", photo)
    difference = np.abs(read_rgb(tmp_path / "deep" / "crop.jpg").astype(int) - photo)
    assert difference.mean() <= 3
    assert difference.mean(axis=(0, 1)).max() <= 3  # in each channel: red and blue are not swapped
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["crop.jpg"]


def test_the_same_pixels_give_the_same_jpeg() -> None:
    photo = drawn_photo()
    assert encode_jpeg(photo) == encode_jpeg(photo.copy())
    assert encode_jpeg(photo[:, ::-1]) == encode_jpeg(np.ascontiguousarray(photo[:, ::-1]))


def test_a_jpeg_has_quality_95_and_full_colour_resolution() -> None:
    # At quality 95 the standard tables (ITU-T T.81, annex K) shrink to a tenth: 16, 11, ... 99 become 2, 1, ... 10 for
    # brightness and 17, 18, ... 99 become 2, 2, ... 10 for colour. At 4:4:4 all channels have one sample per pixel.
    with Image.open(io.BytesIO(encode_jpeg(drawn_photo()))) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        tables = [image.quantization[number] for number in (0, 1)]
        assert [(table[0], table[1], table[63]) for table in tables] == [(2, 1, 10), (2, 2, 10)]
        assert [(horizontal, vertical) for _, horizontal, vertical, _ in image.layer] == [(1, 1)] * 3


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), dtype=np.uint8),
        np.zeros((4, 4, 4), dtype=np.uint8),
        np.zeros((0, 4, 3), dtype=np.uint8),
        np.zeros((4, 4, 3), dtype=np.float32),
    ],
    ids=["grey", "rgba", "empty", "float"],
)
def test_arrays_that_are_not_rgb_are_rejected(image: Any) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 \(height, width, 3\)"):
        encode_jpeg(image)


def test_a_png_is_read_as_it_was_written(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    write_png(tmp_path / "image.png", image)
    assert (read_rgb(tmp_path / "image.png") == image).all()


def test_pixels_are_admitted_before_they_are_decoded() -> None:
    admitted: list[int] = []
    decode_rgb(encoded(drawn_photo(10, 12), "PNG"), admit=admitted.append)
    with pytest.raises(ImageError):
        decode_rgb(encoded(drawn_photo(10, 12), "PNG")[:-60], admit=admitted.append)
    assert admitted == [120, 120]


@pytest.mark.parametrize("seed", range(3))
def test_a_round_trip_gives_what_would_be_read_from_disk(seed):
    rng = np.random.default_rng(seed)
    smooth = np.kron(rng.integers(0, 256, (24, 24, 3)), np.ones((8, 8, 1)))
    image = np.clip(smooth + rng.normal(0, 20, smooth.shape), 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(jpeg_round_trip(image), decode_rgb(encode_jpeg(image)))
