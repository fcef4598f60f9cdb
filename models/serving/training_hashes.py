"""Which pictures a model has learned from, told by short hashes that show nothing of them.

A figure on pictures that were trained on measures memory. The hash is of the crop's looks, not of its file: a picture
that was saved anew, but not one that was mirrored or cut otherwise, is known again.
"""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.splits.dedup import describe_crop

SEEN_FILE = "seen.txt"

DIGITS = 8
"""Hexadecimal; among 20,000 known pictures one new one in 200,000 is taken for known by chance."""


def picture_hash(crop: Pixels) -> str:
    """Return the short hash of a crop `uint8 (S, S, 3)`: the head of the SHA-256 of its perceptual hash."""
    return hashlib.sha256(describe_crop(crop).phash.to_bytes(8, "big")).hexdigest()[:DIGITS]


def write_seen(folder: Path, crops: Iterable[Path]) -> int:
    """Write the hashes of crops beside an exported model, a line each, and return their number."""
    with ThreadPoolExecutor() as threads:
        hashes = sorted(set(threads.map(lambda path: picture_hash(read_rgb(path)), crops)))
    write_text(folder / SEEN_FILE, "".join(f"{one}\n" for one in hashes))
    return len(hashes)


def read_seen(folder: Path) -> frozenset[str]:
    """Read the hashes beside an exported model; none where an older model has no such file."""
    path = folder / SEEN_FILE
    return frozenset(path.read_text().split()) if path.is_file() else frozenset()
