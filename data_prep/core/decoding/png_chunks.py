"""A PNG of 16 bits per colour, reduced to its pixels: for OpenCV, whose libpng prints what it finds in other chunks."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"

DEEP_RGB = (16, 2)
"""Bits per value, and the colour type of RGB."""

BYTES_PER_PIXEL = 6

PASSES = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1))
"""Adam7: first row, step between rows, first column and step between columns of each pass of an interlaced image."""

LAST_FILTER = 4


def deep_rgb_png(content: bytes) -> bytes | None:
    """Return a PNG with the same pixels and without other chunks; None if it is damaged or not RGB of 16 bits."""
    if not content.startswith(SIGNATURE):
        return None
    chunks = list(_chunks(content))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        return None
    header = chunks[0][1]
    width, height, *kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if tuple(kind) != DEEP_RGB:
        return None
    rows = list(_row_lengths(width, height, interlaced=bool(interlaced)))
    unpacking = zlib.decompressobj()
    try:
        pixels = unpacking.decompress(b"".join(data for name, data in chunks if name == b"IDAT"), sum(rows) + 1)
    except zlib.error:
        return None
    if len(pixels) != sum(rows) or not unpacking.eof or not _has_known_filters(pixels, rows):
        return None
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 0)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and data of each complete chunk; sums are not checked, because the pixels have their own."""
    start = len(SIGNATURE)
    while start + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, start)
        yield content[start + 4 : start + 8], content[start + 8 : start + 8 + length]
        start += 12 + length


def _row_lengths(width: int, height: int, *, interlaced: bool) -> Iterator[int]:
    """Yield the bytes of each row before compression: one for its filter, and the pixels."""
    for top, down, left, across in PASSES if interlaced else ((0, 1, 0, 1),):
        columns = -(-(width - left) // across)
        for _ in range(top, height, down) if columns > 0 else ():
            yield 1 + BYTES_PER_PIXEL * columns


def _has_known_filters(pixels: bytes, rows: list[int]) -> bool:
    start = 0
    for length in rows:
        if pixels[start] > LAST_FILTER:
            return False
        start += length
    return True


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
