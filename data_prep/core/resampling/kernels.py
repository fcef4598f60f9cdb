"""The weights with which pixels of an image become pixels of a resized one, along one axis, as in OpenCV."""

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Kernel = Literal["linear", "cubic", "area"]
"""`linear` and `cubic` interpolate between 2 and 4 neighbours, at any scale; `area` averages what a pixel covers, and
interpolates between 2 neighbours where an axis grows."""

BandKernel = Literal["cubic", "area"]
"""Kernels whose weights this module computes."""

Floats = npt.NDArray[np.float32]

CUBIC_SLOPE = -0.75
"""The free parameter of cubic convolution (Keys 1981)."""

LEAST_COVERED = 1e-3
"""Smaller parts of a pixel are left out of averages."""


class Band(NamedTuple):
    """Neighbouring pixels of a resized axis: `resized[start:stop] = weights @ image[used]`.

    Args:
        start: The first of them.
        stop: The end of them.
        used: Pixels of the image that they depend on: `(K,)` indices, ascending, or a slice if none between is unused.
        weights: `(stop - start, K)`.
    """

    start: int
    stop: int
    used: slice | npt.NDArray[np.intp]
    weights: Floats


@lru_cache(maxsize=128)
def make_bands(length: int, size: int, kernel: BandKernel, *, band: int) -> tuple[Band, ...]:
    """Return the weights that resize an axis of `length` pixels to `size` pixels, for `band` pixels at a time.

    Beyond the ends, the last pixel repeats.
    """
    first, weights = (_area_weights if kernel == "area" else _cubic_weights)(length, size)
    places = (first[:, None] + np.arange(weights.shape[1])).clip(0, length - 1)
    return tuple(_make_band(start, places[start : start + band], weights) for start in range(0, size, band))


def _make_band(start: int, places: npt.NDArray[np.intp], weights: Floats) -> Band:
    stop = start + len(places)
    used = np.unique(places)
    matrix = np.zeros((len(places), len(used)), dtype=np.float32)
    rows = np.broadcast_to(np.arange(len(places))[:, None], places.shape)
    np.add.at(matrix, (rows, np.searchsorted(used, places)), weights[start:stop])
    whole = len(used) == used[-1] - used[0] + 1
    return Band(start, stop, slice(int(used[0]), int(used[-1]) + 1) if whole else used, matrix)


def _cubic_weights(length: int, size: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return for each pixel the first pixel of the image that it depends on, and the weights of that and the next."""
    centre = (np.arange(size) + 0.5) * (length / size) - 0.5
    first = np.floor(centre).astype(np.intp) - 1
    distance = np.abs(centre[:, None] - (first[:, None] + np.arange(4)))
    near = ((CUBIC_SLOPE + 2) * distance - (CUBIC_SLOPE + 3)) * distance**2 + 1
    far = CUBIC_SLOPE * (((distance - 5) * distance + 8) * distance - 4)
    return first, np.where(distance <= 1, near, far).astype(np.float32)


def _area_weights(length: int, size: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the same as `_cubic_weights` for averages: what share of each pixel is covered."""
    scale = 1 / (size / length)
    low = np.arange(size) * scale
    first = np.floor(low).astype(np.intp)
    places = first[:, None] + np.arange(int(np.ceil(scale)) + 1)
    covered = np.minimum(places + 1, (low + scale)[:, None]) - np.maximum(places, low[:, None])
    return first, (np.where(covered > LEAST_COVERED, covered, 0) / scale).astype(np.float32)
