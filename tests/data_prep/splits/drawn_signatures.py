"""Images and signatures for tests of duplicates."""

import numpy as np
from PIL import Image

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.splits.crop_signature import CropSignature


def draw_image(seed: int, size: int = 128) -> Pixels:
    """Return smooth random patterns, which differ from each other and can be resized as photographs can."""
    spots = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.array(Image.fromarray(spots).resize((size, size), Image.Resampling.BICUBIC))


def hand_made(phash: int, *grey: float, pixels: str = "") -> CropSignature:
    """Return a signature with a given hash and a grey vector of two numbers, for correlations by hand."""
    vector = np.array(grey, dtype=np.float32)
    return CropSignature(pixels or f"{phash} {grey}", phash, vector / np.linalg.norm(vector))


def angle(degrees: float) -> tuple[float, float]:
    """Return a grey vector; two correlate by the cosine of the angle between them, 0.97 for 14.07 degrees."""
    return float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
