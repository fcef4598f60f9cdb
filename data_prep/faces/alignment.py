"""One similarity transform from a stored crop to what the network sees, with eyes, nose and mouth in fixed places.

A detector's box does not say where the eyes are or how large the face is: boxes of children, of tight chips and of
adults in photographs hold different things. The five points of a face are therefore fitted to a template by least
squares (Umeyama 1991), and one warp turns, scales and shifts the crop. The template frames a face as dlib's
`get_face_chip(size=188, padding=0.25)` does in its middle 150 pixels.
"""

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.resampling import warp

Floats = npt.NDArray[np.float64]

TEMPLATE_SIDE = 150
TEMPLATE: Floats = np.array([[40.82, 40.07], [106.68, 40.07], [73.75, 76.6], [46.85, 109.5], [100.65, 109.5]])
"""`(5, 2)` x, y of the points in a view of 150 x 150 pixels: eyes as dlib places them; nose and mouth of the mean face
of All-Age-Faces."""

BOX_SHAPE: Floats = np.array([[-0.35, -0.21], [0.35, -0.21], [0.0, 0.16], [-0.285, 0.48], [0.285, 0.48]])
"""`(5, 2)` of the mean face, from the middle of its box, in halves of the box's longer side."""

EYE_DISTANCE = float(TEMPLATE[1, 0] - TEMPLATE[0, 0])

MAX_MISFIT = 0.30
"""Largest root mean square distance between aligned points and the template, in distances between the eyes."""

SUPERSAMPLE_BELOW = 0.8
"""Where a view shrinks the crop more than this, four samples are averaged for each pixel."""


def fit_similarity(points: Floats, template: Floats) -> Floats:
    """Return the similarity transform `(2, 3)` that brings points nearest to a template, in least squares.

    Args:
        points: `(K, 2)` x, y in the crop.
        template: `(K, 2)` x, y in the view.
    """
    center, target = points.mean(axis=0), template.mean(axis=0)
    moved, goal = points - center, template - target
    total = max(float((moved**2).sum()), 1e-9)
    cos = float((moved * goal).sum()) / total
    sin = float((moved[:, 0] * goal[:, 1] - moved[:, 1] * goal[:, 0]).sum()) / total
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, target - linear @ center])


def align_points(points: Floats, *, side: int) -> Floats:
    """Return the transform `(2, 3)` from a crop to a view of `side` pixels.

    A view larger than the template shows the same scale and more surroundings.

    Args:
        points: `(5, 2)` x, y in pixels of the crop, in the order of
            `agelens.data_prep.core.tables.POINT_COLUMNS`.
        side: Side of the view.
    """
    template = TEMPLATE + (side - TEMPLATE_SIDE) / 2
    return fit_similarity(np.asarray(points, dtype=np.float64), template)


def scale_whole(crop_side: int, *, side: int) -> Floats:
    """Return the transform `(2, 3)` that scales a whole crop to a view: framing by box, without points."""
    scale = side / crop_side
    offset = 0.5 * scale - 0.5  # centres of pixels
    return np.array([[scale, 0.0, offset], [0.0, scale, offset]])


def points_of_box(box: Floats) -> Floats:
    """Return where the five points of a face with this box stand on average.

    Args:
        box: `(4,)` xyxy in pixels of the crop.

    Returns:
        `(5, 2)` x, y in pixels of the crop.
    """
    low, high = np.asarray(box[:2], dtype=np.float64), np.asarray(box[2:], dtype=np.float64)
    return (low + high) / 2 + BOX_SHAPE * float((high - low).max()) / 2


def are_plausible(points: Floats, *, side: int) -> bool:
    """Return whether five points can be those of a face of which both eyes are visible.

    They must lie in the crop or near it, have the size of a face that fills a crop, and form roughly the template:
    profiles and covered faces do not.

    Args:
        points: `(5, 2)` x, y in pixels of the crop.
        side: Side of the crop.
    """
    if not np.isfinite(points).all():
        return False
    transform = fit_similarity(points, TEMPLATE)
    scale = float(np.hypot(transform[0, 0], transform[1, 0])) * side / TEMPLATE_SIDE
    aligned = points @ transform[:, :2].T + transform[:, 2]
    misfit = float(np.sqrt(((aligned - TEMPLATE) ** 2).sum(axis=1).mean())) / EYE_DISTANCE
    inside = bool((points > -0.1 * side).all() and (points < 1.1 * side).all())
    return inside and misfit < MAX_MISFIT and 0.33 <= scale <= 5.0


def warp_view(crop: Pixels, transform: Floats, *, side: int) -> Pixels:
    """Return the view `uint8 (side, side, 3)` of a crop.

    One bilinear resampling; area-averaged where it shrinks; the border is reflected where the view leaves the crop.
    """
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    return warp(crop, transform, side=side, supersample=scale < SUPERSAMPLE_BELOW)
