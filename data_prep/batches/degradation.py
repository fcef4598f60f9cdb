"""Fixed degradations of a crop: with each, the error of a network is measured again.

Where `agelens.data_prep.batches.camera` draws a change for each training view, these are the same for every face, so
that errors can be compared. All functions take and return `uint8 (S, S, 3)` RGB.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from agelens.data_prep.batches.camera import blurred, compressed, resized
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.alignment import Floats, warp_view

Change = Callable[[Pixels, int], Pixels]
"""From a crop and the number of its face, which seeds what is drawn, to a changed crop of the same size."""


@dataclass(frozen=True)
class Degradation:
    """One row of the robustness table.

    Args:
        name: For people.
        change: Of the crop.
        points_error: Standard deviation of an error added to each of the five points of the face, in distances between
            the eyes; only for networks that frame faces by points.
    """

    name: str
    change: Change = lambda crop, _: crop
    points_error: float = 0.0


def degradations(*, margin: float) -> list[Degradation]:
    """Return the rows of the robustness table; the first one changes nothing.

    Args:
        margin: Of the crops (`crop_faces.margin_fraction`), which two of the rows change by 0.1.
    """
    wider, tighter = (1 + 2 * margin) / (1 + 2 * (margin + 0.1)), (1 + 2 * margin) / max(0.5, 1 + 2 * (margin - 0.1))
    return [
        Degradation("clean"),
        *(Degradation(f"{side} px", lambda crop, _, side=side: shrunk(crop, side)) for side in (64, 48, 32)),
        *(Degradation(f"JPEG {q}", lambda crop, _, q=q: compressed(crop, q)) for q in (50, 20)),
        Degradation("56 px, JPEG 50", lambda crop, _: shrunk(crop, 56, quality=50)),
        *(Degradation(f"noise {s}", lambda crop, seed, s=s: noisy(crop, s, seed=seed)) for s in (4, 8, 16)),
        *(Degradation(f"blur {p} %", lambda crop, _, p=p: blurred(crop, p / 100 * crop.shape[0])) for p in (1, 2)),
        Degradation("grey", lambda crop, _: grey(crop)),
        *(Degradation(f"turned {d} degrees", lambda crop, _, d=d: moved(crop, degrees=d)) for d in (10, 20, -20)),
        Degradation("margin + 0.1", lambda crop, _: moved(crop, zoom=wider)),
        Degradation("margin - 0.1", lambda crop, _: moved(crop, zoom=tighter)),
        Degradation("shifted by 5 %", lambda crop, _: moved(crop, shift=0.05)),
        Degradation("points off by 0.05", points_error=0.05),
        Degradation("points off by 0.1", points_error=0.1),
    ]


def shrunk(image: Pixels, side: int, *, quality: int | None = None) -> Pixels:
    """Return an image whose shorter side was reduced to `side` pixels, and enlarged again.

    Args:
        image: Of any size; a smaller one is enlarged first.
        side: Pixels.
        quality: Of a JPEG in which the small image was stored; None stores none.
    """
    height, width = image.shape[:2]
    scale = side / min(height, width)
    small = resized(image, (max(1, round(width * scale)), max(1, round(height * scale))), cv2.INTER_AREA)
    small = small if quality is None else compressed(small, quality)
    return resized(small, (width, height), cv2.INTER_CUBIC)


def noisy(image: Pixels, sigma: float, *, seed: int) -> Pixels:
    """Return an image with independent Gaussian noise on every value.

    Args:
        image: Of any size.
        sigma: Standard deviation in levels of 255.
        seed: Of the noise.
    """
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(np.round(image + noise), 0, 255).astype(np.uint8)


def grey(image: Pixels) -> Pixels:
    """Return an image without colour."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def moved(crop: Pixels, *, degrees: float = 0.0, zoom: float = 1.0, shift: float = 0.0) -> Pixels:
    """Return a crop turned about its centre, zoomed and shifted to the right; its border is reflected.

    Args:
        crop: Square.
        degrees: Counter-clockwise.
        zoom: Above 1 the face is larger.
        shift: As a fraction of the side.
    """
    side = crop.shape[0]
    center = np.full(2, (side - 1) / 2)
    cos, sin = zoom * np.cos(np.radians(degrees)), zoom * np.sin(np.radians(degrees))
    linear: Floats = np.array([[cos, sin], [-sin, cos]])
    offset = center - linear @ center + [shift * side, 0.0]
    return warp_view(crop, np.column_stack([linear, offset]), side=side)
