"""Views of crops from which the network learns points: turned, scaled, shifted and degraded; the truth moves along."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.alignment import Floats
from agelens.data_prep.faces.points import NETWORK_SIDE as SIDE

STORED_SIDE = 128
"""Side of the grey crops that views are cut from."""

MIRRORED = [1, 0, 2, 4, 3, 5]
"""The point that each becomes in a mirrored view."""

_NOISE = np.random.default_rng(1).standard_normal((512, 512)).astype(np.float32)


def grey_crop(crop: Pixels) -> Pixels:
    """Return the crop `uint8 (128, 128)` that views are cut from."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (STORED_SIDE, STORED_SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def make_point_view(
    grey: Pixels, points: Floats, known: Floats, *, crop_side: int, seed: list[int]
) -> tuple[Pixels, Floats, Floats]:
    """Return a random view of a crop.

    Args:
        grey: From `grey_crop`.
        points: `(6, 2)` x, y in pixels of the crop.
        known: `(6,)`, 1 where a point is known, else 0.
        crop_side: Side of the crop.
        seed: Of the view.

    Returns:
        The view `uint8 (80, 80)`, the points in -1..1 of it, and which are known and inside.
    """
    rng = np.random.default_rng(seed)
    linear, mirrored = _draw_turn(rng)
    center = np.full(2, (STORED_SIDE - 1) / 2)
    shift = rng.normal(0, 0.05, 2) if rng.random() < 0.7 else rng.uniform(-0.15, 0.15, 2)
    offset = (SIDE - 1) / 2 + shift * SIDE - linear @ center
    border = _draw(rng, (0.6, cv2.BORDER_REFLECT_101), (0.5, cv2.BORDER_REPLICATE), (1.0, cv2.BORDER_CONSTANT))
    view: Any = cv2.warpAffine(
        grey,
        np.column_stack([linear, offset]),
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
        borderValue=float(rng.integers(0, 256)),
    )
    moved = ((points + 0.5) * (STORED_SIDE / crop_side) - 0.5) @ linear.T + offset
    if mirrored:
        moved, known = moved[MIRRORED], known[MIRRORED]
    inside = ((moved > -6) & (moved < SIDE + 5)).all(axis=1)
    return _degraded(view, rng), (moved + 0.5) / SIDE * 2 - 1, known * inside


def _draw(rng: np.random.Generator, *choices: tuple[float, int]) -> int:
    """Return the first choice whose own draw is below its share."""
    return next(value for share, value in choices if share >= 1 or rng.random() < share)


def _draw_turn(rng: np.random.Generator) -> tuple[Floats, bool]:
    """Return the linear part of a transform from a stored crop to a view, and whether it mirrors."""
    kind = rng.random()
    degrees = rng.normal(0, 14) if kind < 0.65 else rng.uniform(-60, 60) if kind < 0.92 else rng.uniform(-180, 180)
    scale = np.exp(rng.uniform(np.log(0.72), np.log(1.3))) * SIDE / STORED_SIDE
    if rng.random() < 0.12:
        scale *= 0.8
    angle = np.radians(degrees)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.random() < 0.25:  # narrower, as a face that looks aside
        linear = linear @ np.diag([rng.uniform(0.65, 1), 1])
    mirrored = bool(rng.random() < 0.5)
    return (linear @ np.diag([-1, 1]) if mirrored else linear), mirrored


def _degraded(view: Any, rng: np.random.Generator) -> Pixels:
    """Return the view with low resolution or blur, JPEG, other light, noise and a hidden part, each in its share."""
    chance = rng.random(7)
    if chance[0] < 0.3:
        small = int(rng.uniform(20, 72))
        view = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
        view = cv2.resize(view, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    elif chance[0] < 0.5:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 2.2))
    if chance[1] < 0.25:
        _, stored = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(15, 80))])
        view = cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE)
    levels: npt.NDArray[np.float32] = view.astype(np.float32)
    if chance[2] < 0.25:
        levels = 255 * (levels / 255) ** np.exp(rng.normal(0, 0.4))
    levels = (levels - 118) * rng.uniform(0.45, 1.4) + 118 + rng.normal(0, 22)
    if chance[3] < 0.2:  # light from a side
        levels += np.linspace(-1, 1, SIDE, dtype=np.float32) * rng.normal(0, 40)
    if chance[4] < 0.45:
        row, column = rng.integers(0, len(_NOISE) - SIDE, 2)
        noise = _NOISE[row : row + SIDE, column : column + SIDE]
        levels += (cv2.GaussianBlur(noise, (0, 0), 1.0) * 2.5 if chance[6] < 0.3 else noise) * rng.uniform(2, 18)
    if chance[5] < 0.3:
        (height, width), (top, left) = rng.integers(10, 42, 2), rng.integers(0, SIDE - 10, 2)
        levels[top : top + height, left : left + width] = rng.uniform(0, 255)
    return np.clip(levels, 0, 255).astype(np.uint8)
