"""Random changes of a face that leave its age alone: two passes of OpenCV, three times as fast as TensorFlow's own.

A view is numbered: the same row and number always give the same picture, so that cached features, the network that
trains on them and a resumed run all see one thing. View 0 is the picture itself.
"""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels

LUMA = np.array([0.2989, 0.587, 0.114])
"""What red, green and blue add to the brightness (ITU-R BT.601)."""

cv2.setNumThreads(1)  # whoever makes views makes many at a time

STRENGTH_LIMITS = {"rotation_degrees": 90.0, "erase": 0.5}
"""Limits of the strengths of views; the limit of all others is 1."""

Draw = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Augmentation:
    """How strongly views differ from the picture; 0 turns a change off.

    Args:
        flip: Mirror every second view.
        shift: Largest shift, as a fraction of the side.
        zoom: Largest change of scale, as a fraction.
        rotation_degrees: Largest turn either way.
        brightness: Largest change of brightness, as a fraction of the full range.
        contrast: Largest change of contrast, as a fraction.
        saturation: Largest change of saturation, as a fraction.
        erase: Largest share of the picture that a grey rectangle hides, in every second view (Zhong et al. 2020,
            "Random erasing data augmentation").
    """

    flip: bool = True
    shift: float = 0.06
    zoom: float = 0.10
    rotation_degrees: float = 12.0
    brightness: float = 0.15
    contrast: float = 0.20
    saturation: float = 0.20
    erase: float = 0.0

    def scaled(self, factor: float) -> "Augmentation":
        """Return the same with every strength multiplied, up to its limit in `STRENGTH_LIMITS`."""
        given = {name: value for name, value in vars(self).items() if name != "flip"}
        scaled = {name: min(factor * value, STRENGTH_LIMITS.get(name, 1.0)) for name, value in given.items()}
        return replace(self, **scaled)


def augment_view(image: Pixels, row: int, view: int, *, augmentation: Augmentation, seed: int) -> Pixels:
    """Return view number `view` of a picture.

    Args:
        image: `uint8 (S, S, 3)`.
        row: Not negative; stands for the picture.
        view: 0 leaves the picture as it is.
        augmentation: How strongly to change it.
        seed: Of the run.

    Returns:
        `uint8 (S, S, 3)`.
    """
    if view == 0:
        return image
    rng = np.random.default_rng([seed, row, view])
    moves, colors = rng.uniform(-1, 1, 5), rng.uniform(-1, 1, 3)
    changed = _recolored(_moved(image, moves, augmentation), colors, augmentation)
    if augmentation.erase:
        erase_rectangle(changed, rng.uniform(0, 1, 5), max_area=augmentation.erase)
    return changed


def _moved(image: Pixels, draw: Draw, augmentation: Augmentation) -> Pixels:
    """Mirror, turn, scale and shift in one resampling; what comes in at the border repeats it."""
    side = image.shape[0]
    angle = np.radians(draw[0] * augmentation.rotation_degrees)
    scale = (1 + augmentation.zoom) ** draw[1]
    mirror = -1.0 if augmentation.flip and draw[2] < 0 else 1.0
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    center = np.full(2, (side - 1) / 2)
    offset = center - linear @ center + draw[3:5] * augmentation.shift * side
    options: Any = {"flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, "borderMode": cv2.BORDER_REPLICATE}
    moved: Any = cv2.warpAffine(image, np.column_stack([linear, offset]), (side, side), **options)
    return moved  # type: ignore[no-any-return]


def _recolored(image: Pixels, draw: Draw, augmentation: Augmentation) -> Pixels:
    """Change saturation about each pixel's grey, contrast about the mean grey, and brightness, in one pass."""
    saturation, contrast = 1 + augmentation.saturation * draw[0], 1 + augmentation.contrast * draw[1]
    mean = LUMA @ cv2.mean(image)[:3]
    matrix = contrast * (saturation * np.eye(3) + (1 - saturation) * LUMA)
    offset = np.full(3, (1 - contrast) * mean + 255 * augmentation.brightness * draw[2])
    recolored: Any = cv2.transform(image, np.column_stack([matrix, offset]))
    return recolored  # type: ignore[no-any-return]


def erase_rectangle(image: Pixels, draw: Draw, *, max_area: float) -> None:
    """Fill a random rectangle with grey, in place, in every second call.

    Args:
        image: `uint8 (S, S, 3)`.
        draw: Five numbers in 0..1: area as a share of `max_area`; ratio of height to width, 1/3 to 3 on a logarithmic
            scale; vertical and horizontal position; whether to erase at all (below 0.5).
        max_area: Largest share of the image.
    """
    if draw[4] >= 0.5:
        return
    side = image.shape[0]
    area, ratio = draw[0] * max_area, 3 ** (2 * draw[1] - 1)
    extent = np.minimum(np.sqrt(area * np.array([ratio, 1 / ratio])), 1.0) * side
    first = np.round(draw[2:4] * (side - extent)).astype(int)
    last = first + extent.astype(int)
    image[first[0] : last[0], first[1] : last[1]] = 127
