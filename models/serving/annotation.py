"""Draws predictions into a photograph."""

from collections.abc import Sequence

import cv2

from agelens.data_prep.core.images import Pixels
from agelens.models.serving.predictions import AgePrediction

BOX_COLOUR = (0, 114, 178)
TEXT_COLOUR = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_faces(image: Pixels, faces: Sequence[AgePrediction]) -> Pixels:
    """Return a copy of `uint8 (height, width, 3)` RGB with the box and `age (low-high)` in years of each face.

    A text is placed above its box, or moved inwards where it would cross the border of the image.
    """
    drawn = image.copy()
    unit = max(image.shape[:2]) / 900
    thickness, scale = max(1, round(2 * unit)), 0.7 * unit + 0.2
    for face in faces:
        x1, y1, x2, y2 = (round(value) for value in face.box)
        text = f"{face.age:.0f} ({face.interval[0]:.0f}-{face.interval[1]:.0f})"
        (width, height), base = cv2.getTextSize(text, FONT, scale, thickness)
        top = max(0, y1 - height - 2 * base)
        left = max(0, min(x1, image.shape[1] - 1 - width - base))
        label = (left, top), (left + width + base, top + height + 2 * base)
        for low, high in (((x1, y1), (x2, y2)), label):
            cv2.rectangle(drawn, low, high, TEXT_COLOUR, 3 * thickness)  # a white edge, for dark images
        cv2.rectangle(drawn, (x1, y1), (x2, y2), BOX_COLOUR, thickness)
        cv2.rectangle(drawn, label[0], label[1], BOX_COLOUR, -1)
        place = (left + base // 2, top + height + base // 2)
        cv2.putText(drawn, text, place, FONT, scale, TEXT_COLOUR, thickness, cv2.LINE_AA)
    return drawn
