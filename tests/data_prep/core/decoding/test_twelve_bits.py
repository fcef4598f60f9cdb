"""Files of 16 bits per colour with 12-bit values: every layout in which the pixels may be stored."""

import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest

from agelens.data_prep.core.images import decode_rgb

PIXELS = np.random.default_rng(1).integers(256, 4096, (21, 13, 3)).astype(np.uint16)
EXPECTED = np.rint(PIXELS.astype(np.float32) * (255 / 4095)).astype(np.uint8)

NO_COMPRESSION, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def interlaced_png(pixels: Any) -> bytes:
    """Return a PNG of 16 bits per colour in the seven passes of Adam7, written without filters."""
    steps = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1))
    passes = [pixels[top::down, left::across] for top, down, left, across in steps]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in passes if part.shape[1] for row in part)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def plain_tiff(pixels: Any, order: str) -> bytes:
    """Return an uncompressed TIFF in one strip, with the bytes of a number in the order `<` or `>`."""
    height, width = pixels.shape[:2]
    data = pixels.astype(f"{order}u2").tobytes()
    shorts = {259: 1, 262: 2, 277: 3, 284: 1}
    longs = {256: width, 257: height, 273: 0, 278: height, 279: len(data)}
    tags = sorted({258, *shorts, *longs})
    bits = 8 + 2 + 12 * len(tags) + 4
    longs[273] = bits + 6
    entries = b""
    for tag in tags:
        if tag == 258:  # bits per value, of which there are three
            entries += struct.pack(f"{order}HHII", tag, 3, 3, bits)
        elif tag in shorts:
            entries += struct.pack(f"{order}HHIHH", tag, 3, 1, shorts[tag], 0)
        else:
            entries += struct.pack(f"{order}HHII", tag, 4, 1, longs[tag])
    start = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    middle = struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
    return start + middle + struct.pack(f"{order}HHH", 16, 16, 16) + data


def by_opencv(suffix: str, *options: int) -> bytes:
    return cv2.imencode(suffix, PIXELS[..., ::-1], options)[1].tobytes()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(by_opencv(".png"), id="PNG"),
        pytest.param(interlaced_png(PIXELS), id="interlaced PNG"),
        pytest.param(plain_tiff(PIXELS, "<"), id="little-endian TIFF"),
        pytest.param(plain_tiff(PIXELS, ">"), id="big-endian TIFF"),
        pytest.param(by_opencv(".tif", cv2.IMWRITE_TIFF_COMPRESSION, NO_COMPRESSION), id="TIFF of OpenCV"),
        pytest.param(by_opencv(".tif", cv2.IMWRITE_TIFF_COMPRESSION, LZW), id="TIFF with LZW"),
        pytest.param(by_opencv(".tif", cv2.IMWRITE_TIFF_COMPRESSION, DEFLATE), id="TIFF with Deflate"),
        pytest.param(by_opencv(".tif", cv2.IMWRITE_TIFF_COMPRESSION, PACKBITS), id="TIFF with PackBits"),
    ],
)
def test_twelve_bits_are_scaled_to_eight(content: bytes) -> None:
    assert np.array_equal(decode_rgb(content), EXPECTED)
