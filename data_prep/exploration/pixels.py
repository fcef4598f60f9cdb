"""Measures of the pixels of a crop."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels

DETAIL_SIDES = (24, 32, 48)
"""Sides in pixels of faces that have hardly any detail; see `CropMeasures.detail`."""

SMALLEST_LOSS = 0.5
"""Grey levels; where a crop loses less, it is of one colour."""


@dataclass(frozen=True)
class CropMeasures:
    """Measures of one crop.

    Args:
        brightness: Mean of the grey levels, 0 to 255.
        contrast: Their standard deviation.
        saturation: Mean difference of the largest and the smallest of red, green and blue; 0 in a grey image.
        detail: What the crop loses if it is reduced to 48 pixels and enlarged again, divided by what it loses at half
            of them (root mean squares of grey levels); the smallest of this and the same for 32 and 24 pixels. It is
            near 0.2 if the face had one of these sides before it was enlarged, and 0.3 to 0.6 if it shows more. NaN for
            crops with sides below 72 pixels, and without contrast.
    """

    brightness: float
    contrast: float
    saturation: float
    detail: float


def measure_crop(crop: Pixels) -> CropMeasures:
    """Return the measures of one crop, `uint8 (S, S, 3)` RGB."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread = crop.max(axis=2).astype(np.int16) - crop.min(axis=2)
    return CropMeasures(
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        saturation=float(spread.mean()),
        detail=_detail(grey),
    )


def _detail(grey: npt.NDArray[np.float32]) -> float:
    if grey.shape[0] < 1.5 * max(DETAIL_SIDES):
        return float("nan")
    coarse = {side: _lost_by_reducing(grey, side=side // 2) for side in DETAIL_SIDES}
    if min(coarse.values()) < SMALLEST_LOSS:
        return float("nan")
    return min(_lost_by_reducing(grey, side=side) / coarse[side] for side in DETAIL_SIDES)


def _lost_by_reducing(grey: npt.NDArray[np.float32], *, side: int) -> float:
    """Return the root mean square of what an image loses when it is reduced to `side` pixels and enlarged again."""
    reduced = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(reduced, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return float(np.sqrt(np.mean((grey - enlarged) ** 2)))
