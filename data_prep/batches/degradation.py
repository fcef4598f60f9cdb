"""Fixed degradations of a crop: with each, the error of a network is measured again.

Where `agelens.data_prep.batches.camera` draws a change for each training view, these are the same for every face, so
that errors can be compared. All functions take and return `uint8 (S, S, 3)` RGB.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from agelens.data_prep.batches.camera import blurred, compressed, resized
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.alignment import Floats, warp_view

Change = Callable[[Pixels, int], Pixels]
"""From a crop and the number of its face, which seeds what is drawn, to a changed crop of the same size."""


def _unchanged(crop: Pixels, seed: int) -> Pixels:
    del seed
    return crop


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
    change: Change = _unchanged
    points_error: float = 0.0


def degradations(*, margin: float) -> list[Degradation]:
    """Return the rows of the robustness table; the first one changes nothing.

    Args:
        margin: Of the crops (`crop_faces.margin_fraction`), which two of the rows change by 0.1.
    """
    wider, tighter = (1 + 2 * margin) / (1 + 2 * (margin + 0.1)), (1 + 2 * margin) / max(0.5, 1 + 2 * (margin - 0.1))
    return [
        Degradation("clean"),
        *(Degradation(f"{side} px", _change(shrunk, side=side)) for side in (64, 48, 32)),
        *(Degradation(f"JPEG {quality}", _change(compressed, quality=quality)) for quality in (50, 20)),
        Degradation("56 px, JPEG 50", _change(shrunk, side=56, quality=50)),
        *(Degradation(f"noise {sigma}", partial(_noisy, sigma=sigma)) for sigma in (4, 8, 16)),
        *(Degradation(f"blur {percent} %", _change(_blurred, share=percent / 100)) for percent in (1, 2)),
        Degradation("grey", _change(grey)),
        *(Degradation(f"turned {degrees} degrees", _change(moved, degrees=degrees)) for degrees in (10, 20, -20)),
        Degradation("margin + 0.1", _change(moved, zoom=wider)),
        Degradation("margin - 0.1", _change(moved, zoom=tighter)),
        Degradation("shifted by 5 %", _change(moved, shift=0.05)),
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


def _change(function: Callable[..., Pixels], **options: Any) -> Change:
    """Return a change that draws nothing at random."""
    return lambda crop, _: function(crop, **options)


def _noisy(crop: Pixels, seed: int, *, sigma: float) -> Pixels:
    return noisy(crop, sigma, seed=seed)


def _blurred(crop: Pixels, *, share: float) -> Pixels:
    return blurred(crop, share * crop.shape[0])
