"""Bilinear interpolation in the integers of OpenCV: the same pixels, so that a detector finds the same boxes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]

WEIGHT_BITS = 11
"""Weights are multiples of 1/2048."""

DROPPED_BITS = 4
"""Of a sum of two columns, before it is weighted as a row, so that products fit into 32 bits."""

ROUNDING_BITS = 2
"""Kept of a sum of two rows until it is rounded."""


def resize_bilinear(image: Pixels, *, height: int, width: int, covering: bool = False) -> Pixels:
    """Return an image `uint8 (height, width, 3)` resized from one of another size; see `without_opencv.resize`.

    Columns are interpolated first, of no other rows than those that the result depends on.

    Args:
        image: `uint8 (H, W, 3)`.
        height: Of the result.
        width: Of the result.
        covering: Weight the pixels by what a pixel of the result covers, as OpenCV does for the kernel `area` where an
            axis grows.
    """
    upper, lower, upper_weight, lower_weight = _neighbours(_places(image.shape[0], height, covering=covering))
    across = _places(image.shape[1], width, covering=covering)
    left, right, left_weight, right_weight = _neighbours(across, zero_beyond=True)
    used = np.unique(np.concatenate([upper, lower]))
    needed = image[used].reshape(len(used), -1)
    rows = _weighted_columns(needed, left, left_weight) + _weighted_columns(needed, right, right_weight)
    rows >>= DROPPED_BITS
    shift = 2 * WEIGHT_BITS - DROPPED_BITS - ROUNDING_BITS
    sums = rows[np.searchsorted(used, upper)] * upper_weight[:, None] >> shift
    sums += rows[np.searchsorted(used, lower)] * lower_weight[:, None] >> shift
    return ((sums + (1 << ROUNDING_BITS - 1)) >> ROUNDING_BITS).astype(np.uint8).reshape(height, width, 3)


def _weighted_columns(rows: Pixels, columns: Integers, weights: Integers) -> Integers:
    """Return some columns `(N, 3 K)` of rows `(N, 3 W)`, three values to a column, each times its weight."""
    values = (3 * columns[:, None] + np.arange(3)).ravel()
    return np.take(rows, values, axis=1).astype(np.int32) * np.repeat(weights, 3)


class _Places(NamedTuple):
    """Where pixels of a result lie on an axis of `length` pixels: behind pixel `first`, by `share` of a pixel."""

    length: int
    first: Integers
    share: npt.NDArray[np.float32]


def _places(length: int, size: int, *, covering: bool) -> _Places:
    enlargement = size / length
    if covering:
        first = np.floor(np.arange(size) * (1 / enlargement)).astype(np.int32)
        place = ((np.arange(size) + 1) - (first + 1) * enlargement).astype(np.float32)
        return _Places(length, first, np.where(place <= 0, np.float32(0), place - np.floor(place)))
    place = ((np.arange(size) + 0.5) * (1 / enlargement) - 0.5).astype(np.float32)
    first = np.floor(place).astype(np.int32)
    return _Places(length, first, place - first.astype(np.float32))


def _neighbours(places: _Places, *, zero_beyond: bool = False) -> tuple[Integers, Integers, Integers, Integers]:
    """Return for each place its two neighbouring pixels, and their weights.

    Beyond the ends, both neighbours are the last pixel. With `zero_beyond`, the second one has no weight there.
    """
    length, first, share = places
    if zero_beyond:
        share = np.where((first < 0) | (first >= length - 1), np.float32(0), share)
    scale = np.float32(1 << WEIGHT_BITS)
    weights = ((1 - share) * scale).round().astype(np.int32), (share * scale).round().astype(np.int32)
    return first.clip(0, length - 1), (first + 1).clip(0, length - 1), *weights
