"""JPEG files that lack nothing but their end marker, as some cameras and interrupted copies leave them."""

import re
from collections.abc import Callable
from typing import Any

END_OF_IMAGE = b"\xff\xd9"

MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker after the data of a scan; stuffed bytes and restart markers belong to the data."""

FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
START_OF_SCAN = 0xDA

FILLERS = (b"\x00" * 64, b"\xaa" * 64, b"\x55" * 64)
"""What the decoder would read in place of missing data: every first bit is 0 in one of them and 1 in another."""

COEFFICIENTS = 64


def lacks_only_its_end(content: bytes, *, open_image: Callable[[bytes], Any]) -> bool:
    """Return whether a JPEG without an end marker has all of its pixels.

    It must have a scan for every coefficient at full precision, and decode to the same pixels whatever follows: a
    decoder that misses data would read it from there.

    Args:
        content: The file.
        open_image: Opens an image with Pillow.
    """
    body = content.rstrip(b"\xff")
    if not _has_all_scans(body):
        return False
    return len({_hash_pixels(body + filler + END_OF_IMAGE, open_image) for filler in FILLERS}) == 1


def _hash_pixels(content: bytes, open_image: Callable[[bytes], Any]) -> int:
    with open_image(content) as image:
        return hash(image.tobytes())


def _has_all_scans(body: bytes) -> bool:
    """Return whether the scans give every coefficient of every component, and none is followed by an end marker."""
    missing: dict[int, list[bool]] = {}
    position = 2
    while found := MARKER.search(body, position):
        code, start = body[found.start() + 1], found.end()
        if code == END_OF_IMAGE[1]:
            return False
        segment = body[start : start + int.from_bytes(body[start : start + 2], "big")]
        if code in FRAME_HEADERS:
            missing = {segment[8 + 3 * index]: [True] * COEFFICIENTS for index in range(segment[7])}
        elif code == START_OF_SCAN:
            count = segment[2]
            first, last, precision = segment[3 + 2 * count : 6 + 2 * count]
            for index in range(count):
                # The lower half byte: how many low bits are still to come.
                missing[segment[3 + 2 * index]][first : last + 1] = [bool(precision & 15)] * (last + 1 - first)
        position = start + len(segment)
    return bool(missing) and not any(any(rest) for rest in missing.values())
