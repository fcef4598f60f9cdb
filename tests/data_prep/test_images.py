"""Reading of images: every kind of bad or odd file, and what colours and size come out."""

import io
import os
import struct
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, UnidentifiedImageError

from data_prep import images
from data_prep.errors import ImageError
from data_prep.images import (
    MAX_BYTES,
    Pixels,
    decode_rgb,
    encode_jpeg,
    find_images,
    read_image_bytes,
    read_rgb,
    write_jpeg,
    write_png,
)

# What data_prep.images asks for once for the whole process; pytest sets its own filters around every test.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def drawn_photo(height: int = 120, width: int = 160) -> Pixels:
    """Return soft shapes, gradients and a little noise: what a photograph looks like to a codec."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [120 + 60 * np.sin(columns / (23 + 9 * c) + c) + 40 * np.cos(rows / (17 + 5 * c)) for c in range(3)]
    image = np.ascontiguousarray(np.stack(waves, axis=-1).clip(0, 255).astype(np.uint8))
    cv2.ellipse(image, (width // 2, height // 2), (width // 5, height // 3), 10, 0, 360, (205, 160, 140), -1)
    image = cv2.GaussianBlur(image, (0, 0), 1.2).astype(np.int16)
    noise = np.random.default_rng(0).normal(0, 2, image.shape).round().astype(np.int16)
    return np.asarray((image + noise).clip(0, 255), dtype=np.uint8)


def encoded(image: Image.Image | npt.NDArray[Any], kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def reason(content: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode_rgb(content)
    return caught.value.reason


def png_header(width: int, height: int) -> bytes:
    """Return a true PNG of one colour, whose pixels compress a thousand times."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * width)
    pixels = b"".join(packer.compress(row) for _ in range(min(height, 200))) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_files_give_their_pixels(kind: str) -> None:
    photo = drawn_photo()
    image = decode_rgb(encoded(photo, kind))
    np.testing.assert_array_equal(image, photo)
    assert image.dtype == np.uint8


def test_a_jpeg_of_two_views_gives_the_first() -> None:
    views = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    image = decode_rgb(encoded(views[0], "MPO", save_all=True, append_images=views[1:]))
    assert image.shape == (8, 8, 3)
    assert image[4, 4, 0] > 250
    assert image[4, 4, 2] < 5


@pytest.mark.parametrize("share", [0.3, 0.5, 0.75, 0.95, 0.99])
@pytest.mark.parametrize("options", [{"quality": 90}, {"quality": 90, "progressive": True}], ids=["plain", "stepwise"])
def test_a_jpeg_cut_off_in_its_pixels_is_truncated(share: float, options: dict[str, Any]) -> None:
    content = encoded(drawn_photo(), "JPEG", **options)
    assert reason(content[: int(len(content) * share)]) == "truncated"


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_other_files_cut_off_are_refused(kind: str, share: float) -> None:
    content = encoded(drawn_photo(), kind)
    assert reason(content[: int(len(content) * share)]) in {"truncated", "not_an_image"}


def test_a_png_cut_off_in_its_pixels_is_truncated() -> None:
    content = encoded(drawn_photo(), "PNG")
    assert reason(content[: len(content) // 2]) == "truncated"


@pytest.mark.parametrize(("length", "expected"), [(1, "not_an_image"), (2, "not_an_image"), (100, "truncated")])
def test_a_jpeg_cut_off_in_its_header_is_refused(length: int, expected: str) -> None:
    assert reason(encoded(drawn_photo(), "JPEG")[:length]) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"name,age\n1.jpg,30\n",
        b"<html><body>404 Not Found</body></html>",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\x00" * 1000,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    ],
    ids=["text", "html", "lfs_pointer", "zeros", "postscript"],
)
def test_what_is_no_image_is_named_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match="not_an_image: begins with") as caught:
        read_rgb(path)
    assert repr(content[:16]) in caught.value.detail


def test_postscript_is_known_to_pillow_and_refused_all_the_same() -> None:
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "EPS"
    assert reason(content) == "not_an_image"


def test_damaged_files_raise_nothing_but_image_errors() -> None:
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
def test_what_cannot_be_read_has_a_reason(tmp_path: Path, name: str, expected: str) -> None:
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
def test_names_may_hold_anything(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encoded(drawn_photo(), "PNG"))
    np.testing.assert_array_equal(read_rgb(path), drawn_photo())
    assert find_images(tmp_path) == [path]


def test_a_name_that_is_not_unicode_is_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(encoded(drawn_photo(), "PNG"))
    assert [read_rgb(found).shape for found in find_images(tmp_path)] == [(120, 160, 3)]


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (10_001, 10_000)])
def test_a_bomb_is_refused_before_its_pixels_are_made(width: int, height: int) -> None:
    content = png_header(width, height)
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(b"warm up, so that what Pillow imports is not counted"))
    tracemalloc.start()
    try:
        assert reason(content) == "too_large"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_the_limit_of_pixels_can_be_lowered() -> None:
    content = encoded(drawn_photo(10, 10), "PNG")
    assert decode_rgb(content, max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(ImageError, match="10 x 10 pixels; at most 99"):
        decode_rgb(content, max_pixels=99)


@pytest.mark.parametrize(
    ("ink", "colour"),
    [
        ((0, 0, 0, 0), WHITE),
        ((0, 0, 0, 255), BLACK),
        ((0, 255, 255, 0), RED),
        ((255, 0, 255, 0), GREEN),
        ((255, 255, 0, 0), BLUE),
    ],
)
def test_cmyk_comes_out_in_its_colours(ink: tuple[int, int, int, int], colour: tuple[int, int, int]) -> None:
    image = decode_rgb(encoded(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100))
    assert np.abs(image.astype(int) - colour).max() <= 3


def test_16_bit_grey_keeps_its_shades() -> None:
    deep = np.array([[0, 257, 32_896, 65_535]], dtype=np.uint16)
    assert decode_rgb(encoded(deep, "PNG"))[..., 0].tolist() == [[0, 1, 128, 255]]
    assert decode_rgb(encoded(deep, "TIFF"))[..., 2].tolist() == [[0, 1, 128, 255]]


@pytest.mark.parametrize("darkest", [1, 255])
def test_a_night_in_16_bits_stays_dark(darkest: int) -> None:
    assert decode_rgb(encoded(np.full((4, 4), darkest, dtype=np.uint16), "PNG")).max() <= 1


def test_colour_of_16_bits_is_read() -> None:
    done, buffer = cv2.imencode(".png", np.full((4, 4, 3), (0, 32_896, 65_535), dtype=np.uint16))
    assert done
    assert decode_rgb(buffer.tobytes())[0, 0].tolist() == [255, 128, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 51.0, 255.0], [0, 51, 255]),
        ([0.0, 13_107.0, 65_535.0], [0, 51, 255]),
        ([0.0, 20_000.0, 100_000.0], [0, 51, 255]),
        ([np.nan, -1.0, 1.0], [0, 0, 255]),
    ],
)
def test_floating_grey_takes_the_lowest_usual_white(values: list[float], expected: list[int]) -> None:
    image = decode_rgb(encoded(np.array([values], dtype=np.float32), "TIFF"))
    assert image[0].tolist() == [[value] * 3 for value in expected]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, WHITE),
        ("L", 77, (77, 77, 77)),
        ("LA", (77, 255), (77, 77, 77)),
        ("LA", (0, 0), WHITE),
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
    ],
)
def test_grey_and_transparent_files_become_rgb_on_white(
    mode: str, colour: float | tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    image = decode_rgb(encoded(Image.new(mode, (5, 3), colour), "PNG"))
    assert image.shape == (3, 5, 3)
    assert (image == expected).all()


def test_a_palette_gives_its_colours() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([*RED, *BLUE])
    palette.putdata([0, 1])
    assert decode_rgb(encoded(palette, "PNG")).tolist() == [[list(RED), list(BLUE)]]
    assert decode_rgb(encoded(palette, "PNG", transparency=0)).tolist() == [[list(WHITE), list(BLUE)]]
    half = decode_rgb(encoded(palette, "PNG", transparency=b"\x00\xff"))
    assert half.tolist() == [[list(WHITE), list(BLUE)]]


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})])
def test_of_an_animation_the_first_frame_is_taken(kind: str, options: dict[str, Any]) -> None:
    frames = [Image.new("RGB", (6, 4), colour) for colour in (RED, GREEN, BLUE)]
    image = decode_rgb(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert image.shape == (4, 6, 3)
    assert (image == RED).all()


UPRIGHT = np.array([[0, 60, 120], [180, 210, 240]], dtype=np.uint8).repeat(3, axis=1).reshape(2, 3, 3)
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}
"""How a camera stores an upright picture, by the EXIF orientation that it notes; 6 is to be turned clockwise."""


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(np.ascontiguousarray(STORED[orientation]), kind, exif=exif)
    assert decode_rgb(content).tolist() == UPRIGHT.tolist()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg_has_the_upright_size(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = drawn_photo(48, 64)
    content = encoded(photo if orientation < 5 else np.rot90(photo).copy(), "JPEG", exif=exif)
    assert decode_rgb(content).shape == (48, 64, 3)


@pytest.mark.parametrize("orientation", [0, 9, 700])
def test_an_unknown_orientation_turns_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert decode_rgb(encoded(drawn_photo(), "PNG", exif=exif)).tolist() == drawn_photo().tolist()


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\x01\x1a\0\x02\0\0\0\x04abc\0\0\0\0\0",
        b"Exif\0\0garbage",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
    ],
    ids=["orientation_is_text", "resolution_is_text", "no_exif_at_all", "directory_out_of_file"],
)
def test_odd_exif_does_not_cost_the_photograph(exif: bytes) -> None:
    assert decode_rgb(encoded(drawn_photo(), "JPEG", exif=exif)).shape == (120, 160, 3)


def test_reading_in_threads_leaves_the_warnings_of_the_process_alone() -> None:
    before = list(warnings.filters)
    content = encoded(drawn_photo(), "PNG")
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(decode_rgb, [content] * 200))
    assert len(images) == 200
    assert list(warnings.filters) == before


def test_a_jpeg_read_back_differs_by_less_than_three_levels(tmp_path: Path) -> None:
    photo = drawn_photo()
    write_jpeg(tmp_path / "deep" / "crop.jpg", photo)
    difference = np.abs(read_rgb(tmp_path / "deep" / "crop.jpg").astype(int) - photo)
    assert difference.mean() <= 3
    assert difference.mean(axis=(0, 1)).max() <= 3  # per channel: red and blue are not swapped
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["crop.jpg"]


def test_the_same_pixels_give_the_same_jpeg() -> None:
    photo = drawn_photo()
    assert encode_jpeg(photo) == encode_jpeg(photo.copy())
    assert encode_jpeg(photo[:, ::-1]) == encode_jpeg(np.ascontiguousarray(photo[:, ::-1]))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), dtype=np.uint8),
        np.zeros((4, 4, 4), dtype=np.uint8),
        np.zeros((0, 4, 3), dtype=np.uint8),
        np.zeros((4, 4, 3), dtype=np.float32),
    ],
    ids=["grey", "rgba", "empty", "floating"],
)
def test_what_is_no_rgb_is_not_written(image: Any) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 \(height, width, 3\)"):
        encode_jpeg(image)


def test_images_are_found_in_every_folder_sorted(tmp_path: Path) -> None:
    names = ["b.jpg", "a/z.PNG", "a/b/c.jpeg", "a.webp", "c.d/x.tif", "B.JPG"]
    for name in [*names, "a/label.txt", "notes.md", "jpg", "a/photo.jpg.json"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    assert find_images(tmp_path) == sorted(tmp_path / name for name in names)


def test_links_that_lead_out_of_the_folder_are_not_found(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "inside and more"
    for folder in (inside / "deep", outside):
        folder.mkdir(parents=True)
        (folder / "real.jpg").touch()
    (inside / "stays.jpg").symlink_to("deep/real.jpg")
    (inside / "leaves.jpg").symlink_to(outside / "real.jpg")
    (inside / "deep" / "climbs.jpg").symlink_to("../../inside and more/real.jpg")
    (inside / "loop.jpg").symlink_to("loop.jpg")
    (inside / "folder").symlink_to(outside)
    (inside / "again").symlink_to(inside)
    found = {path.relative_to(inside).as_posix() for path in find_images(inside)}
    assert found - {"loop.jpg"} == {"deep/real.jpg", "stays.jpg"}


def test_a_folder_reached_through_a_link_is_searched(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "real" / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "link").symlink_to("real")
    assert find_images(tmp_path / "link") == [tmp_path / "link" / "a.jpg", tmp_path / "link" / "b.jpg"]


def test_a_png_comes_back_as_it_was(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    write_png(tmp_path / "picture.png", image)
    assert (read_rgb(tmp_path / "picture.png") == image).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_a_large_image_turned_band_by_band_is_the_same(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (37, 29, 4), dtype=np.uint8)
    path = tmp_path / "image.tif"
    Image.fromarray(noise, "RGBA").convert("RGB" if mode in {"P", "YCbCr", "1"} else "RGBA").convert(mode).save(path)
    whole = read_rgb(path)
    monkeypatch.setattr(images, "BAND_PIXELS", 29 * 5)
    np.testing.assert_array_equal(read_rgb(path), whole)
    monkeypatch.setattr(images, "BAND_PIXELS", 1)
    np.testing.assert_array_equal(read_rgb(path), whole)
