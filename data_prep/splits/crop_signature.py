"""What identifies a crop among its duplicates, without pandas: prediction recognises training images by it."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from agelens.data_prep.core.images import Pixels

Matrix = npt.NDArray[np.float32]

SIDE = 32
"""Side in pixels of the grey images that are compared."""


@dataclass(frozen=True, eq=False)
class CropSignature:
    """What is computed from a crop to find its duplicates.

    Args:
        pixels: SHA-1 of shape and pixels.
        phash: Perceptual hash, 64 bits.
        grey: `uint8 (1024,)`, 32 x 32 grey values.
    """

    pixels: str
    phash: int
    grey: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FaceSignatures:
    """What is computed from a face to find turned, cropped and mirrored copies of its photograph.

    Args:
        aligned: The signature of the view with eyes, nose and mouth in fixed places.
        mirrored: The signature of its mirror image.
    """

    aligned: CropSignature
    mirrored: CropSignature


def describe_face(view: Pixels) -> FaceSignatures:
    """Return the signatures of one aligned face `uint8 (S, S, 3)`; see `agelens.data_prep.faces.alignment`."""
    return FaceSignatures(describe_crop(view), describe_crop(np.ascontiguousarray(view[:, ::-1])))


def describe_crop(crop: Pixels) -> CropSignature:
    """Return the signature of one crop `uint8 (S, S, 3)`, in less than a millisecond; suited for threads."""
    grey = _small_grey(crop)
    pixels = hashlib.sha1(f"{crop.shape}".encode() + crop.tobytes(), usedforsecurity=False)
    return CropSignature(pixels.hexdigest(), _hash_grey(grey.astype(np.float32)), grey.ravel())


def perceptual_hash(crop: Pixels) -> int:
    """Return the perceptual hash of one crop `uint8 (S, S, 3)`, 64 bits: `phash` of its signature by itself."""
    return _hash_grey(_small_grey(crop).astype(np.float32))


def _small_grey(crop: Pixels) -> npt.NDArray[np.uint8]:
    """Return the crop as `uint8 (32, 32)` grey values."""
    # Pillow resizes without the interpreter's lock; with matrix products, each thread would start threads of BLAS.
    small = Image.fromarray(crop).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.array(small, dtype=np.uint8)


def _hash_grey(grey: Matrix) -> int:
    """Return the DCT hash of phash.org: one bit for each of the 8 x 8 lowest frequencies, 1 above their median."""
    cosines = _cosines()
    frequencies = cosines @ grey @ cosines.T
    bits = np.packbits(frequencies > np.median(frequencies))
    return int.from_bytes(bits.tobytes(), "big")


@lru_cache(maxsize=1)
def _cosines() -> Matrix:
    """Return `(8, 32)`: the eight lowest frequencies of the DCT-II, without its constant factors."""
    return np.cos(np.pi * np.outer(np.arange(8), np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)
