"""Antialiased drawing in face units, with the projection of a turned head to pixels of a canvas."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.synthetic.person import Colour

Points = npt.NDArray[np.float64]

SHIFT = 4
"""Fractional bits of coordinates in OpenCV: 1/16 pixel."""


@dataclass(frozen=True)
class Pose:
    """Position and orientation of a head on the canvas.

    Args:
        matrix: Affine map `(2, 3)` from face units (hairline at y = -1, chin at y = 1) to pixels.
        yaw: Radians; positive turns the nose to the right of the image.
        pitch: How much the facial features are lowered, in face units.
    """

    matrix: Points
    yaw: float = 0.0
    pitch: float = 0.0

    @property
    def unit(self) -> float:
        """Pixels in one face unit."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def place(self, points: Points) -> Points:
        """Return flat points `(N, 2)` (outline, hair, clothes) in pixels."""
        placed: Points = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return placed

    def on_skin(self, points: Points, *, half_width: float, lift: float = 0.0) -> Points:
        """Return points `(N, 2)` of a frontal face, in face units, after the rotation of the head.

        The face is an ellipsoid of `half_width`; `lift` adds to its depth, as for the nose.
        """
        x, y = points.T
        depth = np.sqrt(np.clip(half_width**2 - x**2, 0, None)) + lift
        return np.stack([x * np.cos(self.yaw) + depth * np.sin(self.yaw), y + self.pitch * (1 + lift)], axis=1)


@dataclass(frozen=True)
class Brush:
    """Draws on a canvas `uint8 (height, width, 3)`, in place.

    Args:
        canvas: RGB, usually twice as large as the final image.
        pose: Pose of the head.
        half_width: Half of the width of the face, for points on its skin.
    """

    canvas: Pixels
    pose: Pose
    half_width: float

    def fill(self, *contours: Points, colour: Colour) -> None:
        """Fill flat contours, with a hole where two overlap."""
        placed = [_fixed(self.pose.place(contour)) for contour in contours]
        cv2.fillPoly(self.canvas, placed, colour, cv2.LINE_AA, SHIFT)

    def lines(self, lines: Sequence[Points], *, colour: Colour, width: float) -> None:
        """Draw flat open lines, `width` in face units."""
        placed = [_fixed(self.pose.place(line)) for line in lines]
        cv2.polylines(self.canvas, placed, False, colour, self.thickness(width), cv2.LINE_AA, SHIFT)

    def fill_skin(self, *contours: Points, colour: Colour, lift: float = 0.0) -> None:
        """Fill contours on the skin, which turn with the head."""
        self.fill(*(self._turned(contour, lift) for contour in contours), colour=colour)

    def line_skin(self, line: Points, *, colour: Colour, width: float, lift: float = 0.0) -> None:
        """Draw an open line on the skin."""
        self.lines([self._turned(line, lift)], colour=colour, width=width)

    def thickness(self, width: float) -> int:
        """Return a width in face units as whole pixels, at least 1."""
        return max(1, round(width * self.pose.unit))

    def _turned(self, points: Points, lift: float) -> Points:
        return self.pose.on_skin(points, half_width=self.half_width, lift=lift)


def spline(points: Points | Sequence[Sequence[float]], *, closed: bool = False, steps: int = 6) -> Points:
    """Return a Catmull-Rom spline `(M, 2)` through the points."""
    knots = np.asarray(points, dtype=np.float64)
    ends = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    p = np.concatenate([ends[0], knots, ends[1]])
    before, start, end, after = (p[i : len(p) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = start + 0.5 * t * (
        end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    flat: Points = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, knots[-1:]])


def ellipse(x: float, y: float, *, rx: float, ry: float, steps: int = 24) -> Points:
    """Return the contour of an upright ellipse."""
    angles = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1)


def mirrored(points: Points, side: int) -> Points:
    """Return the points for `side` 1, and their mirror image for `side` -1."""
    return points * [side, 1]


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    # OpenCV's fixed point overflows far outside the canvas.
    return np.round(points.clip(-8000, 8000) * (1 << SHIFT)).astype(np.int32)
