"""Pictures that grow while a network learns: small ones first, which cost less and teach it the coarse shapes.

Progressive resizing, as in "EfficientNetV2: Smaller Models and Faster Training" (Tan and Le 2021, arXiv 2104.00298).
"""

import cv2
import numpy as np

from agelens.data_prep.core.images import Pixels

STEP = 32
"""Sides are multiples of it, since a backbone halves them five times and pads by whether they are even."""


def side_of_epoch(epoch: int, *, epochs: int, first: int, last: int) -> int:
    """Return the side of the pictures in an epoch, counted from 0.

    It grows from `first` to `last` in steps of 32 pixels over the first half of the epochs, and then stays.

    Examples:
        >>> [side_of_epoch(epoch, epochs=6, first=128, last=192) for epoch in range(6)]
        [128, 128, 160, 192, 192, 192]
    """
    if 2 * epoch >= epochs:
        return last
    return first + (last - first) * 2 * epoch // epochs // STEP * STEP


def sides_of(epochs: int, *, first: int | None, last: int) -> list[int]:
    """Return the side of each epoch's pictures; nothing where they do not grow."""
    if first is None:
        return []
    return [side_of_epoch(epoch, epochs=epochs, first=first, last=last) for epoch in range(epochs)]


def shrink_pictures(pictures: Pixels, side: int) -> Pixels:
    """Return square pictures, `uint8 (B, S, S, 3)`, shrunk to a side; as they are if they have it."""
    if pictures.shape[1] == side:
        return pictures
    return np.stack([cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in pictures])
