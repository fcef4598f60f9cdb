"""Colours, size and orientation of images that are read."""

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from agelens.data_prep.core.decoding import colours
from agelens.data_prep.core.images import decode_rgb, read_rgb
from tests.data_prep.encoded_images import drawn_photo, encoded

# The filter of agelens.data_prep.core.images, which pytest replaces by its own in every test.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


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
def test_cmyk_is_converted_to_its_colours(ink: tuple[int, int, int, int], colour: tuple[int, int, int]) -> None:
    image = decode_rgb(encoded(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100))
    assert np.abs(image.astype(int) - colour).max() <= 3


def test_16_bit_grey_is_scaled_to_8_bits() -> None:
    deep = np.array([[0, 257, 32_896, 65_535]], dtype=np.uint16)
    assert decode_rgb(encoded(deep, "PNG"))[..., 0].tolist() == [[0, 1, 128, 255]]
    assert decode_rgb(encoded(deep, "TIFF"))[..., 2].tolist() == [[0, 1, 128, 255]]


@pytest.mark.parametrize("darkest", [1, 255])
def test_a_dark_16_bit_image_stays_dark(darkest: int) -> None:
    assert decode_rgb(encoded(np.full((4, 4), darkest, dtype=np.uint16), "PNG")).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_12_bits_in_a_16_bit_file_are_scaled_to_8_bits(kind: str) -> None:
    grey = np.array([[0, 257, 2048, 4095]], dtype=np.uint16)
    assert decode_rgb(encoded(grey, kind))[..., 0].tolist() == [[0, 16, 128, 255]]
    bgr = np.stack([grey, grey[:, ::-1], grey], axis=-1)
    _, buffer = cv2.imencode(f".{kind.lower()}", bgr)
    assert decode_rgb(buffer.tobytes())[0].tolist() == [[0, 255, 0], [16, 128, 16], [128, 16, 128], [255, 0, 255]]


@pytest.mark.parametrize("value", [0, 9])
def test_a_dark_8_bit_image_stays_dark(value: int) -> None:
    assert (decode_rgb(encoded(np.full((4, 4, 3), value, dtype=np.uint8), "PNG")) == value).all()


def test_16_bit_colour_is_scaled_to_8_bits() -> None:
    done, buffer = cv2.imencode(".png", np.full((4, 4, 3), (0, 32_896, 65_535), dtype=np.uint16))
    assert done
    assert decode_rgb(buffer.tobytes())[0, 0].tolist() == [255, 128, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 51.0, 255.0], [0, 51, 255]),
        ([0.0, 13_107.0, 65_535.0], [0, 51, 255]),
        ([0.0, 13_107.0, 52_428.0], [0, 51, 204]),
        ([0.0, 20_000.0, 100_000.0], [0, 51, 255]),
        ([np.nan, -1.0, 1.0], [0, 0, 255]),
    ],
)
def test_the_white_of_floating_point_grey_is_the_lowest_usual_one(values: list[float], expected: list[int]) -> None:
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
def test_grey_and_transparent_images_become_rgb_on_white(
    mode: str, colour: float | tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    image = decode_rgb(encoded(Image.new(mode, (5, 3), colour), "PNG"))
    assert image.shape == (3, 5, 3)
    assert (image == expected).all()


def test_a_palette_is_converted_to_its_colours() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([*RED, *BLUE])
    palette.putdata([0, 1])
    assert decode_rgb(encoded(palette, "PNG")).tolist() == [[list(RED), list(BLUE)]]
    assert decode_rgb(encoded(palette, "PNG", transparency=0)).tolist() == [[list(WHITE), list(BLUE)]]
    half = decode_rgb(encoded(palette, "PNG", transparency=b"\x00\xff"))
    assert half.tolist() == [[list(WHITE), list(BLUE)]]


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})])
def test_of_an_animation_the_first_frame_is_read(kind: str, options: dict[str, Any]) -> None:
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
"""How a camera stores an upright image, by EXIF orientation; 6 must be turned clockwise."""


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
def test_an_unknown_orientation_is_ignored(orientation: int) -> None:
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
def test_invalid_exif_is_ignored(exif: bytes) -> None:
    assert decode_rgb(encoded(drawn_photo(), "JPEG", exif=exif)).shape == (120, 160, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_conversion_in_bands_gives_the_same_pixels(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (37, 29, 4), dtype=np.uint8)
    path = tmp_path / "image.tif"
    Image.fromarray(noise, "RGBA").convert("RGB" if mode in {"P", "1"} else "RGBA").convert(mode).save(path)
    whole = read_rgb(path)
    monkeypatch.setattr(colours, "BAND_PIXELS", 29 * 5)
    np.testing.assert_array_equal(read_rgb(path), whole)
    monkeypatch.setattr(colours, "BAND_PIXELS", 1)
    np.testing.assert_array_equal(read_rgb(path), whole)


def icc(primaries: list[tuple[float, float, float]]) -> bytes:
    """Return an ICC profile of version 2 with these primaries (XYZ, relative to D50) and a gamma of 2.2."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(map(fixed, values))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79)
    tags = {b"desc": text, b"wtpt": xyz((0.9642, 1.0, 0.8249))}
    tags |= {name: xyz(values) for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    offset, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += padded
    head = (
        struct.pack(">I4sI4s4s4s", 0, b"none", 0x02200000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp" + bytes(28)
    )
    head += b"".join(map(fixed, (0.9642, 1.0, 0.8249))) + bytes(48)
    profile = head + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(profile)) + profile[4:]


P3_PRIMARIES = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_display_p3_is_converted_to_srgb(mode: str) -> None:
    skin, in_srgb = (200, 150, 130), (209, 148, 126)  # P3 is wider: the same numbers are less saturated in sRGB
    content = encoded(Image.new("RGB", (4, 4), skin).convert(mode), "PNG", icc_profile=icc(P3_PRIMARIES))
    assert np.abs(decode_rgb(content)[0, 0].astype(int) - in_srgb).max() <= 2
    assert decode_rgb(encoded(Image.new("RGB", (4, 4), skin), "PNG"))[0, 0].tolist() == list(skin)


def test_grey_stays_grey_with_a_profile() -> None:
    grey = Image.new("RGB", (4, 4), (128, 128, 128))
    image = decode_rgb(encoded(grey, "PNG", icc_profile=icc(P3_PRIMARIES)))
    assert np.abs(image.astype(int) - 128).max() <= 2


@pytest.mark.parametrize(
    "profile",
    [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"no profile", icc(P3_PRIMARIES)[:200]],
    ids=["srgb", "no_profile", "cut"],
)
def test_a_profile_of_srgb_and_a_damaged_one_change_nothing(profile: bytes) -> None:
    content = encoded(drawn_photo(), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(decode_rgb(content), drawn_photo())


def test_a_profile_of_another_kind_of_image_is_ignored() -> None:
    grey = drawn_photo()[..., 0]
    image = decode_rgb(encoded(grey, "PNG", icc_profile=icc(P3_PRIMARIES)))
    np.testing.assert_array_equal(image[..., 1], grey)
