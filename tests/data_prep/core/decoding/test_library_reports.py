"""What libtiff and libpng would print about damaged files belongs to the file; nothing reaches the terminal."""

import contextlib
import io
import logging
import struct
import threading
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from agelens.data_prep.core.decoding.tiff_errors import catching_tiff_errors
from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import decode_rgb
from tests.data_prep.encoded_images import drawn_photo, encoded

FAX = Image.fromarray(np.kron(np.random.default_rng(0).integers(0, 2, (40, 40)), np.ones((8, 8))).astype(bool))
NOISE = b"\x01" * 200


def deep_png(*, compression: int = 6) -> bytes:
    """Return a PNG of 12-bit values in 16 bits per colour."""
    pixels = np.random.default_rng(0).integers(256, 4096, (20, 30, 3)).astype(np.uint16)
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, compression])[1].tobytes()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_a_damaged_fax_image_is_rejected_with_what_libtiff_reports(compression: str, capfd: Any) -> None:
    content = bytearray(encoded(FAX, "TIFF", compression=compression))
    assert np.array_equal(decode_rgb(bytes(content)), np.asarray(FAX.convert("RGB")))
    content[400:600] = NOISE
    with pytest.raises(ImageError, match=r"^truncated: Fax[34]Decode.*at line \d+ of strip 0"):
        decode_rgb(bytes(content))
    assert capfd.readouterr().err == ""


def test_the_error_of_a_damaged_tiff_includes_what_libtiff_reports(capfd: Any) -> None:
    content = bytearray(encoded(drawn_photo(), "TIFF", compression="tiff_deflate"))
    content[100:200] = b"\xff" * 100
    with pytest.raises(ImageError, match=r"^truncated: decoder error .*\(ZIPDecode: Decoding error at scanline \d+, "):
        decode_rgb(bytes(content))
    assert capfd.readouterr().err == ""


def test_a_part_that_jpeg_in_tiff_fills_with_grey_is_damage(capfd: Any) -> None:
    content = bytearray(encoded(drawn_photo(), "TIFF", compression="jpeg"))
    decode_rgb(bytes(content))
    content[content.index(b"\xff\x00", len(content) // 2) + 1] = 0xAA  # a marker that JPEG does not have
    with pytest.raises(ImageError, match=r"^truncated: JPEGLib: Unsupported marker type 0xaa"):
        decode_rgb(bytes(content))
    assert capfd.readouterr().err == ""


def test_what_pillow_logs_is_not_printed() -> None:
    logger = logging.getLogger("PIL.TiffImagePlugin")
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("PIL").handlers)
    assert logger.hasHandlers()


def test_threads_see_only_the_errors_of_their_own_file(capfd: Any) -> None:
    damaged = bytearray(encoded(FAX, "TIFF", compression="group4"))
    damaged[400:600] = NOISE
    found: dict[int, str] = {}

    def read(number: int) -> None:
        content = encoded(FAX, "TIFF", compression="group4") if number % 2 else bytes(damaged)
        try:
            decode_rgb(content)
            found[number] = "read"
        except ImageError as error:
            found[number] = error.reason

    threads = [threading.Thread(target=read, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: "read" if number % 2 else "truncated" for number in range(16)}
    assert capfd.readouterr().err == ""


def test_other_users_of_libtiff_keep_their_messages(capfd: Any) -> None:
    with catching_tiff_errors() as errors:
        pass
    damaged = bytearray(encoded(FAX, "TIFF", compression="group4"))
    damaged[400:600] = NOISE
    path = io.BytesIO(bytes(damaged))
    Image.open(path).load()
    assert errors == []
    assert "Fax4Decode: " in capfd.readouterr().err


@pytest.mark.parametrize(
    "extra",
    [chunk(b"iCCP", b"x\0\0" + zlib.compress(b"abc" * 50)), chunk(b"pHYs", b"x" * 9), chunk(b"zzZz", b"x" * 9)],
    ids=["a damaged profile", "an odd density", "an unknown chunk"],
)
def test_chunks_beside_the_pixels_of_a_deep_png_print_nothing(extra: bytes, capfd: Any) -> None:
    content = deep_png()
    data = content.index(b"IDAT") - 4
    assert np.array_equal(decode_rgb(content[:data] + extra + content[data:]), decode_rgb(content))
    assert capfd.readouterr().err == ""


def test_a_damaged_deep_png_prints_nothing(capfd: Any) -> None:
    content = deep_png()
    for seed in range(200):
        damaged = bytearray(content)
        for place in np.random.default_rng(seed).integers(8, len(damaged), 2):
            damaged[place] ^= 1 << seed % 8
        with contextlib.suppress(ImageError):
            decode_rgb(bytes(damaged))
    assert capfd.readouterr().err == ""
