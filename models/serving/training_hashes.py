"""Short hashes of the crops that a model was trained on, stored beside the exported model.

An error measured on training images is too low, so predictions on them are marked. A hash identifies an image by its
perceptual hash, not by its file: a copy that was saved again is recognised, a mirrored or differently cropped one is
not. The image cannot be reconstructed from it.
"""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.splits.crop_signature import perceptual_hash

HASHES_FILE = "training_hashes.txt"

OLD_HASHES_FILE = "seen.txt"
"""Its name in models that were exported by earlier versions."""

HASH_DIGITS = 8
"""Hexadecimal digits. With 20,000 hashes, one new crop in 200,000 is marked by chance."""


def crop_hash(crop: Pixels) -> str:
    """Return the first digits of the SHA-256 of the perceptual hash of a crop `uint8 (S, S, 3)`."""
    return hashlib.sha256(perceptual_hash(crop).to_bytes(8, "big")).hexdigest()[:HASH_DIGITS]


def write_training_hashes(folder: Path, crops: Iterable[Path]) -> int:
    """Write the hashes of crops into the folder of an exported model, one per line.

    Args:
        folder: Of the exported model.
        crops: Files of all crops of the training and validation splits.

    Returns:
        The number of different hashes.
    """
    with ThreadPoolExecutor() as threads:
        hashes = sorted(set(threads.map(lambda path: crop_hash(read_rgb(path)), crops)))
    write_text(folder / HASHES_FILE, "".join(f"{one}\n" for one in hashes))
    return len(hashes)


def read_training_hashes(folder: Path) -> frozenset[str]:
    """Return the hashes in the folder of an exported model; empty if it has no such file."""
    files = [path for name in (HASHES_FILE, OLD_HASHES_FILE) if (path := folder / name).is_file()]
    return frozenset(files[0].read_text().split()) if files else frozenset()
