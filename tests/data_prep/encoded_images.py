"""Synthetic images with the statistics of photographs, and their encoded files."""

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from agelens.data_prep.core.images import Pixels


def drawn_photo(height: int = 120, width: int = 160) -> Pixels:
    """Return soft shapes, gradients and a little noise, which a codec compresses like a photograph."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [120 + 60 * np.sin(columns / (23 + 9 * c) + c) + 40 * np.cos(rows / (17 + 5 * c)) for c in range(3)]
    image = np.ascontiguousarray(np.stack(waves, axis=-1).clip(0, 255).astype(np.uint8))
    cv2.ellipse(image, (width // 2, height // 2), (width // 5, height // 3), 10, 0, 360, (205, 160, 140), -1)
    image = cv2.GaussianBlur(image, (0, 0), 1.2).astype(np.int16)
    noise = np.random.default_rng(0).normal(0, 2, image.shape).round().astype(np.int16)
    return np.asarray((image + noise).clip(0, 255), dtype=np.uint8)


def encoded(image: Image.Image | npt.NDArray[Any], kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()
