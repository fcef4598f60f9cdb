"""Images and signatures for tests of duplicates."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.splits.crop_signature import CropSignature, FaceSignatures
from agelens.data_prep.splits.dedup import find_photos
from agelens.data_prep.splits.signatures import AlignedFaces, Signatures


def draw_image(seed: int, size: int = 128) -> Pixels:
    """Return smooth random patterns, which differ from each other and can be resized as photographs can."""
    spots = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.array(Image.fromarray(spots).resize((size, size), Image.Resampling.BICUBIC))


def hand_made(phash: int, *grey: float, pixels: str = "") -> CropSignature:
    """Return a signature with a given hash and a grey image from two numbers, which correlates as they do."""
    across, down = np.cos(np.pi * (np.arange(32) + 0.5) / 32), np.ones(32)
    first, second = np.outer(down, across), np.outer(across, down)  # mean 0, orthogonal and of equal length
    image = np.round(128 + 60 * (grey[0] * first + grey[1] * second) / np.hypot(*grey))
    return CropSignature(pixels or f"{phash} {grey}", phash, image.astype(np.uint8).ravel())


def photos(
    signatures: Sequence[CropSignature],
    names: Sequence[str],
    *,
    faces: Sequence[FaceSignatures | None] = (),
    **limits: float,
) -> list[str]:
    """Return the photo of each crop; `faces` are the aligned faces of all crops, if any."""
    aligned = AlignedFaces.of(faces) if faces else None
    return list(find_photos(Signatures.of(signatures), names, faces=aligned, **limits))


def angle(degrees: float) -> tuple[float, float]:
    """Return a grey vector; two correlate by the cosine of the angle between them, 0.97 for 14.07 degrees."""
    return float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
