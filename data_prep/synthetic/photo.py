"""Synthetic photographs: background, one or more heads, and the effects of a camera."""

from collections.abc import Iterator

import cv2
import numpy as np

from agelens.data_prep.core.boxes import Boxes, clip_boxes
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.synthetic.brush import Points, Pose
from agelens.data_prep.synthetic.face import draw_head
from agelens.data_prep.synthetic.person import Person, face_at, random_colour, sample_person

OVERSAMPLING = 2
"""Photographs are drawn larger by this factor and then shrunk, which smooths all edges."""


def draw_photo(person: Person, *, age: float, rng: np.random.Generator, size: int = 320) -> tuple[Pixels, Boxes]:
    """Draw one portrait.

    Args:
        person: The person.
        age: Age in years, 0 to about 100.
        rng: Generator of everything that differs between photographs.
        size: Height and width in pixels.

    Returns:
        The photograph `uint8 (size, size, 3)` RGB, and the box of its face `(1, 4)`, xyxy pixels clipped to it, by
        the convention of WIDER FACE: forehead to chin, ear to ear.
    """
    canvas = _draw_background(size * OVERSAMPLING, rng=rng)
    share = float(rng.triangular(0.30, 0.58, 0.85))
    pose = _portrait_pose(len(canvas), share=share, spread=0.10, rng=rng)
    box = draw_head(canvas, face_at(person, age), pose=pose, rng=rng)
    return _expose(canvas, size=size, rng=rng), _visible(box[None], size=size)


def draw_landscape(*, rng: np.random.Generator, size: int = 320) -> Pixels:
    """Draw a photograph `uint8 (size, size, 3)` without people."""
    canvas = _draw_background(size * OVERSAMPLING, rng=rng)
    side = len(canvas)
    for horizon in np.sort(rng.uniform(0.35, 0.9, 3)):
        x = np.linspace(0, side, 9)
        ridge = np.stack([x, horizon * side + rng.normal(0, 0.05 * side, 9)], axis=1)
        hill = np.concatenate([ridge, [[side, side], [0, side]]]).astype(np.int32)
        cv2.fillPoly(canvas, [hill], random_colour(rng, low=30, high=150), cv2.LINE_AA)
    return _expose(canvas, size=size, rng=rng)


def make_detector_examples(count: int, *, seed: int, size: int = 320) -> Iterator[tuple[Pixels, Boxes]]:
    """Yield training examples for a face detector.

    50 % are portraits, 20 % tight crops whose face takes 80 to 110 % of the height, 25 % photographs of two or three
    people, and 5 % have no people.

    Returns:
        Pairs of a photograph `uint8 (size, size, 3)` RGB and its face boxes `(N, 4)`, xyxy pixels clipped to it.
    """
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        kind = rng.random()
        if kind < 0.05:
            yield draw_landscape(rng=rng, size=size), np.zeros((0, 4))
        elif kind < 0.30:
            yield _draw_people(int(rng.integers(2, 4)), rng=rng, size=size)
        elif kind < 0.50:
            yield _draw_tight_crop(rng=rng, size=size)
        else:
            yield draw_photo(sample_person(rng), age=float(rng.uniform(0, 92)), rng=rng, size=size)


def _draw_tight_crop(*, rng: np.random.Generator, size: int) -> tuple[Pixels, Boxes]:
    canvas = _draw_background(size * OVERSAMPLING, rng=rng)
    pose = _portrait_pose(len(canvas), share=float(rng.uniform(0.8, 1.1)), spread=0.05, rng=rng)
    box = draw_head(canvas, face_at(sample_person(rng), float(rng.uniform(0, 92))), pose=pose, rng=rng)
    return _expose(canvas, size=size, rng=rng), _visible(box[None], size=size)


def _draw_people(people: int, *, rng: np.random.Generator, size: int) -> tuple[Pixels, Boxes]:
    """Draw people side by side in separate columns, lower ones in front, so that no face is hidden."""
    canvas = _draw_background(size * OVERSAMPLING, rng=rng)
    side = len(canvas)
    boxes = []
    for column, y in zip(rng.permutation(people), np.sort(rng.uniform(0.35, 0.6, people)), strict=True):
        share = float(rng.uniform(0.14, 0.95 / people - 0.04))
        centre = np.array([(column + 0.5) / people, y]) * side
        pose = _pose(centre, unit=share * side / 2, rng=rng)
        face = face_at(sample_person(rng), float(rng.uniform(0, 92)))
        boxes.append(draw_head(canvas, face, pose=pose, rng=rng))
    return _expose(canvas, size=size, rng=rng), _visible(np.stack(boxes), size=size)


def _portrait_pose(side: int, *, share: float, spread: float, rng: np.random.Generator) -> Pose:
    """Return the pose of a face that takes `share` of the image's height, shifted only as far as it fits."""
    free = max(0.0, (1 - share) / 2 - 0.02)
    shift = np.clip(rng.normal(0, spread, 2), -free, free)
    centre = (0.5 + shift + [0, min(0.03, free)]) * side
    return _pose(centre, unit=share * side / 2, rng=rng)


def _pose(centre: Points, *, unit: float, rng: np.random.Generator) -> Pose:
    angle = np.deg2rad(np.clip(rng.normal(0, 8), -20, 20))
    cos, sin = np.cos(angle), np.sin(angle)
    shear = np.array([[rng.uniform(0.95, 1.05), rng.normal(0, 0.03)], [0, 1]])
    turn = np.array([[cos, -sin], [sin, cos]]) @ shear * unit
    yaw = np.deg2rad(np.clip(rng.normal(0, 9), -24, 24))
    return Pose(np.column_stack([turn, centre]), yaw=float(yaw), pitch=float(np.clip(rng.normal(0, 0.03), -0.07, 0.07)))


def _visible(boxes: Boxes, *, size: int) -> Boxes:
    return clip_boxes(boxes / OVERSAMPLING, height=size, width=size)


def _draw_background(side: int, *, rng: np.random.Generator) -> Pixels:
    """Return a canvas of soft colours, some of them with shapes in front."""
    cells = int(rng.integers(2, 7))
    base = rng.uniform(30, 225) + rng.normal(0, 26, 3)
    spread = rng.normal(0, rng.uniform(4, 40), (cells, cells, 1)) + rng.normal(0, 8, (cells, cells, 3))
    coarse = (base + spread).clip(0, 255).astype(np.uint8)
    canvas = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    for _ in range(int(rng.integers(0, 9)) if rng.random() < 0.6 else 0):
        colour = random_colour(rng, low=10, high=245)
        x, y = rng.integers(0, side, 2).tolist()
        reach = int(rng.integers(side // 20, side // 3))
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(canvas, (x, y), (x + reach, y + int(rng.integers(10, side // 2))), colour, -1)
        elif kind == 1:
            cv2.circle(canvas, (x, y), reach // 2, colour, -1, cv2.LINE_AA)
        else:
            end = rng.integers(0, side, 2).tolist()
            cv2.line(canvas, (x, y), tuple(end), colour, int(rng.integers(2, 24)), cv2.LINE_AA)
    if rng.random() < 0.5:
        canvas = np.asarray(cv2.blur(canvas, (side // 40, side // 40)), dtype=np.uint8)
    return canvas


def _expose(canvas: Pixels, *, size: int, rng: np.random.Generator) -> Pixels:
    """Shrink the canvas and add the effects of a camera: blur, uneven light, a tint and noise."""
    image = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.1) * size / 320)
    slope = rng.normal(0, 0.12, 2)
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    light = float(np.clip(rng.normal(1, 0.12), 0.7, 1.25)) + slope[0] * ramp[None, :] + slope[1] * ramp[:, None]
    cast = np.clip(rng.normal(1, 0.03, 3), 0.93, 1.07)
    gain = (light[..., None] * cast).astype(np.float32)
    noise = np.empty((size, size, 3), np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, 0, float(rng.uniform(0.5, 5)))
    lit = cv2.multiply(image, gain, dtype=cv2.CV_16S)
    return np.asarray(cv2.add(lit, noise).clip(0, 255), dtype=np.uint8)
