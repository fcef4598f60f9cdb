"""How many crops a core describes for their duplicates: reading, aligning, and three signatures."""

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from agelens.data_prep.core.images import read_rgb, write_jpeg
from agelens.data_prep.faces.alignment import TEMPLATE, TEMPLATE_SIDE, align_points, warp_view
from agelens.data_prep.splits.crop_signature import describe_crop, describe_face

SIDE = 192
"""Side in pixels of the crops, that of `params/utkface.yaml`."""


def described_per_second(count: int = 1000) -> float:
    """Return the crops per second of processor time of one thread, on JPEGs of random smooth patterns."""
    rng, transform = np.random.default_rng(0), align_points(TEMPLATE * SIDE / TEMPLATE_SIDE, side=TEMPLATE_SIDE)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index}.jpg" for index in range(count)]
        for path in paths:
            spots = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
            write_jpeg(path, np.asarray(cv2.resize(spots, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), dtype=np.uint8))
        started = time.thread_time()
        for path in paths:
            crop = read_rgb(path)
            describe_crop(crop)
            describe_face(warp_view(crop, transform, side=TEMPLATE_SIDE))
        return round(count / (time.thread_time() - started), 1)
