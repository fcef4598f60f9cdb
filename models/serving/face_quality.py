"""How well a face can be seen: what makes its predicted age less certain, measured from its view and its points.

Thresholds are where errors grow, on faces that no model was trained on; docs/quality.md has the figures and the command
that measures them.
"""

from dataclasses import dataclass

import numpy as np

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.resampling import resize
from agelens.data_prep.faces.alignment import TEMPLATE, Floats, fit_similarity
from agelens.data_prep.faces.points import FacePoints

LOW_DETAIL = 0.085
"""Faces with less are blurred, as by a Gaussian of more than 2.5 % of their side."""

MAX_CUT_OFF = 0.1
"""Share of the face beyond the border of the image from which on it is reported."""

UNCERTAIN_POINTS = 0.08
"""Expected error of a point, in distances between the eyes, from which on the framing may be wrong."""

MAX_ROLL = 60.0
"""Degrees in the plane of the image. Framing undoes the turn; a larger one often means that the image is sideways."""

MAX_YAW = 0.25
"""Distance of the nose from the middle between eyes and mouth, in distances between the eyes, of a head that is turned
to one side by about 35 degrees."""

DETAIL_SIDE = 60
GREY: Floats = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in the brightness of a pixel (ITU-R BT.601)."""

BORDER_SHARE = 0.01
"""A box that ends this near to the border, in sides of the box, ends at it."""


def _halved(side: int) -> Floats:
    """Return the matrix that halves the pixels of an axis, and doubles them again by linear interpolation."""
    half = np.kron(np.eye(side // 2), [[0.5, 0.5]])
    above, below = half[[0, *range(side // 2 - 1)]], half[[*range(1, side // 2), -1]]
    return np.stack([0.75 * half + 0.25 * above, 0.75 * half + 0.25 * below], axis=1).reshape(side, side)


HALVED = _halved(DETAIL_SIDE)

ANGLES = (np.arange(16) + 0.5) * np.pi / 8
OVAL: Floats = np.concatenate(
    [
        [73.75, 75.0] + radius * np.stack([60 * np.cos(ANGLES), 72 * np.sin(ANGLES)], 1)
        for radius in (0.35, 0.61, 0.79, 0.94)
    ]
)
"""`(64, 2)` x, y spread evenly over the oval of an aligned face, in pixels of the template."""


@dataclass(frozen=True)
class FaceQuality:
    """How well a face can be seen.

    Args:
        detail: Contrast of details finer than a thirtieth of the view, as a share of all contrast: 0.1 to 0.3, and
            less in a blurred or enlarged face.
        cut_off: Share of the face's oval beyond the border of the image, 0 to 1.
        at_border: Whether the box ends at the border of the image.
        points_error: Expected error of eyes, nose and mouth, in distances between the eyes; None if they were not
            located, as for all values below.
        roll: Degrees by which the head is turned clockwise in the plane of the image.
        yaw: By how much the nose is off the middle, in distances between the eyes: negative to the left of the image.
    """

    detail: float
    cut_off: float
    at_border: bool
    points_error: float | None = None
    roll: float | None = None
    yaw: float | None = None

    @property
    def warnings(self) -> list[str]:
        """What makes an age less certain, each with a short code in front."""
        found = []
        uncertain = self.points_error is None or self.points_error > UNCERTAIN_POINTS
        if self.detail < LOW_DETAIL:
            found.append("blurred: the face shows little detail")
        if self.cut_off > MAX_CUT_OFF:
            found.append(f"cut_off: {self.cut_off:.0%} of the face is beyond the border of the image")
        elif self.at_border and uncertain:
            found.append("cut_off: the face ends at the border of the image, and not all of its points are visible")
        elif self.points_error is not None and uncertain:
            found.append("uncertain_points: eyes, nose or mouth may be elsewhere, as in a covered face")
        if self.roll is not None and abs(self.roll) > MAX_ROLL:
            found.append(
                f"tilted: the head is turned by {abs(self.roll):.0f} degrees in the image, which may be sideways"
            )
        if self.yaw is not None and abs(self.yaw) > MAX_YAW:
            found.append("turned_head: the face looks to the side")
        return found


def measure_quality(view: Pixels, points: FacePoints | None, *, box: Floats, image: Floats) -> FaceQuality:
    """Return how well a face can be seen.

    Args:
        view: `uint8 (side, side, 3)` RGB, what the network sees.
        points: Of the face, in pixels of its crop; None if the model does not use them.
        box: `(4,)` xyxy of the face in pixels of its crop.
        image: `(4,)` xyxy of the whole image in pixels of the crop.
    """
    near = BORDER_SHARE * (box[2:] - box[:2])
    at_border = bool((box[:2] <= image[:2] + near).any() or (box[2:] >= image[2:] - near).any())
    detail = measure_detail(view)
    if points is None or not points.located:
        return FaceQuality(detail=detail, cut_off=0.0, at_border=at_border)
    five = points.points
    back = fit_similarity(TEMPLATE, five)
    oval = OVAL @ back[:, :2].T + back[:, 2]
    inside = (oval >= image[:2] - 0.5).all(axis=1) & (oval <= image[2:] - 0.5).all(axis=1)
    across = five[1] - five[0]
    distance = float(np.hypot(*across))
    middle = (five[0] + five[1] + five[3] + five[4]) / 4
    return FaceQuality(
        detail=detail,
        cut_off=1 - float(inside.mean()),
        at_border=at_border,
        points_error=points.error,
        roll=float(np.degrees(np.arctan2(across[1], across[0]))),
        yaw=float((five[2] - middle) @ across) / max(distance, 1e-6) ** 2,
    )


def measure_detail(view: Pixels) -> float:
    """Return what a view of `DETAIL_SIDE` pixels loses when it is halved, relative to its contrast.

    Independent of the contrast; close to 0 for a view of one colour.
    """
    small = resize(view, height=DETAIL_SIDE, width=DETAIL_SIDE, kernel="area") @ GREY
    lost = small - HALVED @ small @ HALVED.T
    return float(np.sqrt(np.mean(lost**2))) / max(float(small.std()), 1.0)
