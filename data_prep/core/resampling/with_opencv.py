"""Resizing and warping with OpenCV; see `agelens.data_prep.core.resampling.without_opencv` for what both compute."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.resampling.kernels import Kernel

if int(cv2.__version__.partition(".")[0]) < 5:
    message = f"OpenCV 5 or newer warps exactly. Installed: {cv2.__version__}."
    raise ImportError(message)

Pixels = npt.NDArray[np.uint8]

INTERPOLATIONS: dict[Kernel, int] = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}


def resize(image: Pixels, *, height: int, width: int, kernel: Kernel) -> Pixels:
    """Return an image `uint8 (height, width, 3)` resized from one of another size."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=INTERPOLATIONS[kernel]), dtype=np.uint8)


def warp(image: Pixels, transform: npt.NDArray[np.float64], *, side: int, supersample: bool) -> Pixels:
    """Return a square view `uint8 (side, side, 3)` of an image through an affine transform."""
    options: Any = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REFLECT_101}
    if not supersample:
        return np.asarray(cv2.warpAffine(image, transform, (side, side), **options), dtype=np.uint8)
    doubled = 2 * transform
    doubled[:, 2] += 0.5
    large = cv2.warpAffine(image, doubled, (2 * side, 2 * side), **options)
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
