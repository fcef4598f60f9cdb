"""Draws predictions into a photograph."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from agelens.data_prep.core.images import Pixels
from agelens.models.serving.predictions import AgePrediction

BOX_COLOUR = (0, 114, 178)
TEXT_COLOUR = (255, 255, 255)


def draw_faces(image: Pixels, faces: Sequence[AgePrediction]) -> Pixels:
    """Return a copy of `uint8 (height, width, 3)` RGB with the box and `age (low-high)` in years of each face.

    A text is placed above its box, or moved inwards where it would cross the border of the image.
    """
    drawn = Image.fromarray(image)
    pen = ImageDraw.Draw(drawn)
    unit = max(image.shape[:2]) / 900
    line, font = max(1, round(2 * unit)), ImageFont.load_default(max(12.0, 24 * unit))
    for face in faces:
        x1, y1, x2, y2 = (round(value) for value in face.box)
        text = f"{face.age:.0f} ({face.interval[0]:.0f}-{face.interval[1]:.0f})"
        left, above, right, below = pen.textbbox((0, 0), text, font=font)
        pad = round((below - above) / 3)
        width, height = round(right - left) + 2 * pad, round(below - above) + 2 * pad
        top, start = max(0, y1 - height), max(0, min(x1, image.shape[1] - 1 - width))
        label = (start, top, start + width, top + height)
        for part in ((x1, y1, x2, y2), label):
            pen.rectangle(_grown(part, line), outline=TEXT_COLOUR, width=3 * line)  # a white edge, for dark images
        pen.rectangle((x1, y1, x2, y2), outline=BOX_COLOUR, width=line)
        pen.rectangle(label, fill=BOX_COLOUR)
        pen.text((start + pad - left, top + pad - above), text, fill=TEXT_COLOUR, font=font)
    return np.array(drawn)


def _grown(box: tuple[int, int, int, int], by: int) -> tuple[int, int, int, int]:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by
