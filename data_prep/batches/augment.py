"""Augmentation: random changes of a crop that do not change the age, three times as fast as TensorFlow's layers.

Views are numbered. The same crop and number always give the same pixels, so that cached features and a resumed training
are consistent. View 0 is the crop itself.
"""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.batches.camera import CameraAugmentation, develop_view, photograph_view
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.alignment import Floats, warp_view

LUMA = np.array([0.2989, 0.587, 0.114])
"""Weights of red, green and blue in the brightness (ITU-R BT.601)."""

cv2.setNumThreads(1)  # views are computed in many threads at a time

STRENGTH_LIMITS = {"rotation_degrees": 90.0, "erase": 0.5}
"""Limits of the strengths of views; the limit of all others is 1."""

Draw = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Augmentation:
    """Strengths of the changes; 0 turns a change off.

    Args:
        flip: Whether to mirror half of the views.
        shift: Maximum shift, as a fraction of the side.
        zoom: Maximum change of scale, as a fraction.
        rotation_degrees: Maximum rotation in both directions.
        brightness: Maximum change of brightness, as a fraction of the full range.
        contrast: Maximum change of contrast, as a fraction.
        saturation: Maximum change of saturation, as a fraction.
        erase: Maximum area of a grey rectangle in half of the views, as a fraction of the image (Zhong et al. 2020,
            "Random erasing data augmentation").
        camera: Share of the views that get camera changes instead, with ranges of their own; None for no view.
    """

    flip: bool = True
    shift: float = 0.06
    zoom: float = 0.10
    rotation_degrees: float = 12.0
    brightness: float = 0.15
    contrast: float = 0.20
    saturation: float = 0.20
    erase: float = 0.0
    camera: CameraAugmentation | None = None

    def scaled(self, factor: float) -> "Augmentation":
        """Return the same with every strength of a mild view multiplied, up to its limit in `STRENGTH_LIMITS`."""
        given = {name: value for name, value in vars(self).items() if name not in {"flip", "camera"}}
        scaled = {name: min(factor * value, STRENGTH_LIMITS.get(name, 1.0)) for name, value in given.items()}
        return replace(self, **scaled)


Ranges = Augmentation | CameraAugmentation
"""Both have the largest changes of place and colour, by the same names."""


def augment_view(
    crop: Pixels,
    row: int,
    view: int,
    *,
    augmentation: Augmentation,
    seed: int,
    transform: Floats | None = None,
    side: int | None = None,
) -> Pixels:
    """Return view number `view` of a crop.

    Args:
        crop: `uint8 (S, S, 3)`.
        row: Number that identifies the crop; not negative.
        view: Number of the view; 0 is framed and not changed.
        augmentation: Strengths of the changes.
        seed: Seed of the run.
        transform: `(2, 3)` from the crop to the view, as `faces.alignment` makes it; None where the crop is the view.
        side: Side of the view in pixels; None: that of the crop.

    Returns:
        `uint8 (side, side, 3)`.
    """
    side = side or crop.shape[0]
    if view == 0:
        return crop if transform is None else warp_view(crop, transform, side=side)
    rng = np.random.default_rng([seed, row, view])
    camera = augmentation.camera
    if camera is not None and rng.random() < camera.share:
        return _camera_view(crop, rng, augmentation, camera, transform=transform, side=side)
    moves, colors = rng.uniform(-1, 1, 5), rng.uniform(-1, 1, 3)
    framed = warp_view(crop, _jittered(transform, moves, augmentation, flip=augmentation.flip, side=side), side=side)
    changed = _recolored(framed, colors, augmentation)
    if augmentation.erase:
        erase_rectangle(changed, rng.uniform(0, 1, 5), max_area=augmentation.erase)
    return changed


def _camera_view(
    crop: Pixels,
    rng: np.random.Generator,
    augmentation: Augmentation,
    camera: CameraAugmentation,
    *,
    transform: Floats | None,
    side: int,
) -> Pixels:
    """Return a view moved and recoloured by the camera's own ranges, then degraded as photographs and prints are."""
    moves, colors = rng.uniform(-1, 1, 5), rng.uniform(-1, 1, 3)
    far, grey = rng.random(2) < (camera.far_share, camera.grey)
    if far:
        moves[0] *= camera.far_rotation_degrees / max(camera.rotation_degrees, 1e-9)
    view = warp_view(crop, _jittered(transform, moves, camera, flip=augmentation.flip, side=side), side=side)
    view = _recolored(view, colors, camera, grey=bool(grey))
    return photograph_view(develop_view(view, rng, camera), rng, camera)


def _jittered(transform: Floats | None, draw: Draw, ranges: Ranges, *, flip: bool, side: int) -> Floats:
    """Return a transform from the crop to a view that is mirrored, turned, scaled and shifted about its centre."""
    angle = np.radians(draw[0] * ranges.rotation_degrees)
    scale = (1 + ranges.zoom) ** draw[1]
    mirror = -1.0 if flip and draw[2] < 0 else 1.0
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[mirror * cos, -sin], [mirror * sin, cos]])
    center = np.full(2, (side - 1) / 2)
    offset = center - linear @ center + draw[3:5] * ranges.shift * side
    framing = np.eye(3) if transform is None else np.vstack([transform, [0, 0, 1]])
    jittered: Floats = np.column_stack([linear, offset]) @ framing
    return jittered


def _recolored(image: Pixels, draw: Draw, ranges: Ranges, *, grey: bool = False) -> Pixels:
    """Change saturation relative to each pixel's grey, contrast relative to the mean grey, and brightness."""
    saturation, contrast = 0.0 if grey else 1 + ranges.saturation * draw[0], 1 + ranges.contrast * draw[1]
    mean = LUMA @ cv2.mean(image)[:3]
    matrix = contrast * (saturation * np.eye(3) + (1 - saturation) * LUMA)
    offset = np.full(3, (1 - contrast) * mean + 255 * ranges.brightness * draw[2])
    recolored: Any = cv2.transform(image, np.column_stack([matrix, offset]))
    return recolored  # type: ignore[no-any-return]


def erase_rectangle(image: Pixels, draw: Draw, *, max_area: float) -> None:
    """Fill a random rectangle with grey, in place, in half of the calls.

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
