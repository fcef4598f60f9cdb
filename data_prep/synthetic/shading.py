"""Shading of a synthetic face: light, soft shadows, blush and wrinkles."""

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.synthetic.brush import SHIFT, Points, Pose, mirrored, spline
from agelens.data_prep.synthetic.person import AgedFace

Floats = npt.NDArray[np.float32]

GRID = 72
"""Side of the coarse grid for soft shadows, which are then enlarged."""

NEUTRAL = 128
"""Factor 1 in 8 bits; 64 halves the brightness of a pixel."""


def shade_skin(canvas: Pixels, face: AgedFace, *, pose: Pose, outline: Points, rng: np.random.Generator) -> None:
    """Multiply the skin inside the outline, in place, by soft shadows, tints, blotches and wrinkles."""
    placed = pose.place(outline)
    height, width = canvas.shape[:2]
    x1, y1 = np.maximum(placed.min(axis=0).astype(int), 0)
    x2, y2 = np.minimum(placed.max(axis=0).astype(int) + 1, [width, height])
    if x2 - x1 < 8 or y2 - y1 < 8:
        return
    # The finished image has half the resolution of the canvas.
    size = (int(x2 - x1) // 2, int(y2 - y1) // 2)
    soft = _soft_shade(face, pose=pose, corners=(x1, y1, x2, y2), rng=rng)
    fine = _wrinkle_shade(face, pose=pose, origin=(int(x1), int(y1)), size=size, rng=rng)
    shade = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR) * fine[..., None]
    shade8 = cv2.resize((shade * NEUTRAL).clip(0, 255).astype(np.uint8), (int(x2 - x1), int(y2 - y1)))
    mask = np.zeros(shade8.shape[:2], np.uint8)
    cv2.fillPoly(
        mask, [((placed - [x1, y1]).clip(-2000, 8000) * (1 << SHIFT)).astype(np.int32)], 255, cv2.LINE_8, SHIFT
    )
    region = canvas[y1:y2, x1:x2]
    shaded = cv2.multiply(region, shade8, scale=1 / NEUTRAL)
    np.copyto(region, shaded, where=mask[..., None] > 0)


def _soft_shade(face: AgedFace, *, pose: Pose, corners: tuple[int, int, int, int], rng: np.random.Generator) -> Floats:
    """Return `(GRID, GRID, 3)` factors near 1."""
    x1, y1, x2, y2 = corners
    pixels = np.stack(np.meshgrid(np.linspace(x1, x2, GRID), np.linspace(y1, y2, GRID)), axis=-1).reshape(-1, 2)
    inverse = np.linalg.inv(pose.matrix[:, :2])
    points = (pixels - pose.matrix[:, 2]) @ inverse.T
    middle = (face.top + 1) / 2
    u, v = points[:, 0] / face.half_width, (points[:, 1] - middle) / (1 - middle)
    facing = np.sqrt(np.clip(1 - 0.8 * u**2 - 0.8 * v**2, 0.02, 1))
    light = rng.normal(0, 0.22, size=2)
    lambert = 0.62 + 0.42 * facing + 0.35 * (light[0] * u + light[1] * v)
    centres, radii, strengths = _hollows(face)
    turned = pose.on_skin(centres, half_width=face.half_width)
    distance = ((points[:, None] - turned[None]) / radii[None]).astype(np.float32)
    bumps = np.exp(-(distance[..., 0] ** 2 + distance[..., 1] ** 2))
    factors = (lambert[:, None] * (1 - bumps @ strengths)).reshape(GRID, GRID, 3)
    return np.asarray(factors * _blotches(face, rng=rng), dtype=np.float32)


def _blotches(face: AgedFace, *, rng: np.random.Generator) -> Floats:
    """Return factors of uneven brightness and redness, which increase with age."""
    uneven = 0.008 + 0.045 * face.wrinkles**1.5
    redness = rng.normal(0, uneven, (12, 12, 1)) * [-0.15, 0.55, 0.45]
    coarse = redness + rng.normal(0, uneven, (12, 12, 1))
    grain = rng.normal(0, 0.5 * uneven, (GRID, GRID, 1))
    enlarged = cv2.resize(coarse.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_CUBIC)
    return np.asarray(1 + enlarged + grain, dtype=np.float32)


def _hollows(face: AgedFace) -> tuple[Points, Points, Points]:
    """Return centres `(K, 2)`, radii `(K, 2)` and darkening `(K, 3)` of soft spots; negative values are lighter."""
    sag, grown = face.sag, face.growth
    x, y, w = face.eye_x, face.eye_y, face.eye_width
    spots: list[tuple[float, float, float, float, tuple[float, float, float]]] = [
        (0.0, face.nose_y + 0.08, 0.16, 0.06, (0.20, 0.22, 0.22)),  # under the nose
        (0.0, face.mouth_y + 0.18, 0.16, 0.05, (0.14, 0.15, 0.15)),  # under the lip
        (0.0, face.nose_y - 0.12, 0.07, 0.09, (-0.12, -0.11, -0.10)),  # tip of the nose
        (0.0, (face.nose_y + face.eye_y) / 2, 0.05, 0.20, (-0.08, -0.08, -0.08)),
        (0.0, -0.75, 0.35, 0.2, (-0.05, -0.05, -0.05)),
        (0.0, 0.86, 0.14, 0.1, (-0.06, -0.06, -0.06)),
    ]
    cheek_y = 0.5 * (face.nose_y + face.mouth_y) - 0.15
    for side in (-1, 1):
        spots += [
            (side * (x - w), y - 0.05, 0.10, 0.13, (0.16 + 0.1 * grown, 0.18 + 0.1 * grown, 0.18 + 0.1 * grown)),
            (side * x, y - 0.02, w * 1.4, w * 1.0, (0.08, 0.09, 0.08)),
            # Blush of children; bags under the eyes and hollow cheeks of old people.
            (side * 0.46, cheek_y, 0.22, 0.18, (-0.05 - 0.06 * (1 - grown), 0.16 * (1 - grown), 0.13 * (1 - grown))),
            (side * x, y + w * 1.0, w * 1.0, 0.07, (0.20 * sag, 0.27 * sag, 0.22 * sag)),
            (side * x, y + w * 1.0 + 0.12, w * 0.9, 0.05, (-0.08 * sag, -0.08 * sag, -0.08 * sag)),
            (side * 0.56, cheek_y + 0.24, 0.12, 0.22, (0.24 * sag, 0.25 * sag, 0.25 * sag)),
            (side * 0.66, -0.45, 0.12, 0.2, (0.18 * sag, 0.18 * sag, 0.18 * sag)),
            (side * face.nose_width * 1.1, face.nose_y - 0.08, 0.07, 0.12, (0.14 * grown, 0.15 * grown, 0.15 * grown)),
        ]
    table = np.array([(a, b, c, d, *e) for a, b, c, d, e in spots])
    return table[:, :2], table[:, 2:4], table[:, 4:]


def _wrinkle_shade(
    face: AgedFace, *, pose: Pose, origin: tuple[int, int], size: tuple[int, int], rng: np.random.Generator
) -> Floats:
    """Return `(height, width)` factors: each wrinkle is a dark groove with a lighter edge below."""
    grooves = np.zeros((size[1], size[0]), np.uint8)
    unit = pose.unit / 2
    for line, depth, width in _wrinkles(face, rng=rng):
        turned = pose.place(pose.on_skin(line, half_width=face.half_width))
        fixed = ((turned - origin) / 2).clip(-2000, 4000) * (1 << SHIFT)
        value = int(255 * min(1.0, depth))
        cv2.polylines(grooves, [fixed.astype(np.int32)], False, value, max(1, round(width * unit)), cv2.LINE_AA, SHIFT)
    blurred = cv2.GaussianBlur(grooves, (0, 0), max(0.4, 0.011 * unit)).astype(np.float32) / 255
    below = np.roll(blurred, max(1, round(0.025 * unit)), axis=0)
    return np.asarray(1 - 0.5 * blurred + 0.16 * np.clip(below - blurred, 0, 1), dtype=np.float32)


def _wrinkles(face: AgedFace, *, rng: np.random.Generator) -> list[tuple[Points, float, float]]:
    """Return the wrinkles as (line, depth 0..1, width); they appear one after another and deepen."""
    deep = face.wrinkles
    found: list[tuple[list[list[float]], float, float]] = []
    forehead = face.brow_y - 0.10
    for index in range(5):
        y = forehead - 0.11 * index + rng.normal(0, 0.012)
        half = 0.42 - 0.04 * index + rng.normal(0, 0.03)
        wave = rng.normal(0, 0.018, 3)
        line = [
            [-half, y + 0.03],
            [-half / 2, y + wave[0]],
            [0, y + 0.02 + wave[1]],
            [half / 2, y + wave[2]],
            [half, y + 0.03],
        ]
        found.append((line, 1.15 * deep - 0.14 * index - 0.08, 0.018))
    for index, height in enumerate((0.09, 0.2, -0.06)):  # across the neck of the nose and between the brows
        found.append(
            (
                [[0.05, face.brow_y - 0.06 - height], [0.06, face.brow_y + 0.08 - 0.3 * height]],
                1.1 * deep - 0.25 - 0.1 * index,
                0.016,
            )
        )
    sided = _sided_wrinkles(face, rng=rng)
    found += sided
    both = [(mirrored(np.array(line), -1).tolist(), depth, width) for line, depth, width in (*sided, *found[5:8])]
    return [(spline(line, steps=4), depth, width) for line, depth, width in (*found, *both) if depth > 0.02]


def _sided_wrinkles(face: AgedFace, *, rng: np.random.Generator) -> list[tuple[list[list[float]], float, float]]:
    """Return the wrinkles of the right half: nasolabial fold, crow's feet, bags, marionette lines, cheeks, lips."""
    deep, sag = face.wrinkles, face.sag
    x, y, w = face.eye_x, face.eye_y, face.eye_width
    mouth, half = face.mouth_y, face.mouth_width
    nose, wide = face.nose_y, face.nose_width
    fold = [
        [wide * 1.1, nose - 0.05],
        [half * 1.05, nose + 0.12],
        [half * 1.32, mouth - 0.02],
        [half * 1.3, mouth + 0.05 + 0.1 * sag],
    ]
    found = [
        (fold, 0.95 * deep + 0.04 * face.maturity, 0.026),
        ([[x - 0.9 * w, y + 0.55 * w], [x, y + 0.95 * w], [x + 0.9 * w, y + 0.7 * w]], 0.75 * deep, 0.018),
        (
            [[x - 0.8 * w, y + 0.9 * w], [x + 0.1 * w, y + 1.4 * w], [x + 1.0 * w, y + 1.0 * w]],
            1.0 * deep - 0.3,
            0.018,
        ),
        (
            [[half * 1.1, mouth + 0.04], [half * 1.25, mouth + 0.16], [half * 1.15, mouth + 0.3]],
            1.2 * deep - 0.25,
            0.022,
        ),
        ([[half * 1.7, mouth - 0.25], [half * 1.85, mouth], [half * 1.6, mouth + 0.22]], 1.0 * deep - 0.5, 0.02),
        ([[half * 2.05, mouth - 0.3], [half * 2.1, mouth - 0.08], [half * 1.9, mouth + 0.1]], 1.0 * deep - 0.65, 0.018),
    ]
    for index, angle in enumerate((-0.1, 0.35, -0.5, 0.75, -0.85)):
        length = 0.10 + 0.07 * deep
        start = np.array([x + 1.15 * w, y + 0.12 * np.sin(angle)])
        direction = np.array([np.cos(angle), np.sin(angle)]) + rng.normal(0, 0.06, 2)
        end = start + length * direction
        line = [start.tolist(), ((start + end) / 2 + [0, 0.008]).tolist(), end.tolist()]
        found.append((line, 1.1 * deep - 0.14 * index - 0.05, 0.014))
    for share in (0.15, 0.45, 0.75):
        line = [[share * half, mouth - 0.16], [share * half * 0.95, mouth - 0.06]]
        found.append((line, 1.0 * deep - 0.5, 0.012))
    return found
