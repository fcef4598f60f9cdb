"""Drawing of hair, eyebrows, beard, glasses, hats, headscarves and masks."""

import numpy as np

from agelens.data_prep.synthetic.brush import Brush, Points, ellipse, mirrored, spline
from agelens.data_prep.synthetic.person import AgedFace, Colour, mix, random_colour, shade

TONES = (0.68, 0.86, 1.12, 1.3)
"""Brightness of the strands relative to the hair's colour."""


def draw_back_hair(brush: Brush, face: AgedFace, *, rng: np.random.Generator) -> None:
    """Draw the hair behind the head: long hair, or a bun on top."""
    grown = float(np.clip((face.age - 2.5) / 4, 0, 1))
    if face.person.hair_style == "long" and grown > 0:
        length = -0.2 + grown * (1.35 + 0.2 * np.sin(face.person.width * 50)) - 0.35 * face.sag
        w = face.half_width
        right = spline(
            [
                [0, face.top - 0.1],
                [0.75 * w, face.top + 0.12],
                [1.18 * w, -0.4],
                [1.2 * w, length],
                [0.6 * w, length + 0.08],
            ]
        )
        brush.fill(np.concatenate([right, mirrored(right, -1)[::-1]]), colour=shade(face.hair, 0.75))
        starts = rng.uniform(0.8, 1.17, 90) * w * rng.choice([-1, 1], 90)
        ends = length - rng.uniform(0, 0.5, 90)
        strands = [
            spline([[0.95 * x, -0.6], [1.03 * x, 0.5 * y - 0.3], [x, y]]) for x, y in zip(starts, ends, strict=True)
        ]
        _draw_strands(brush, strands, face=face, width=0.02, rng=rng)
    elif face.person.hair_style == "bun" and grown > 0.5:
        brush.fill(ellipse(0, face.top - 0.14, rx=0.32, ry=0.26), colour=shade(face.hair, 0.85))


def draw_front_hair(brush: Brush, face: AgedFace, *, rng: np.random.Generator) -> None:
    """Draw the hair on the skull, from the fluff of a baby to a bald crown with hair at the sides."""
    outer, hairline = _hair_edges(face)
    cover = face.hair_cover * (1 - 0.45 * max(0.0, face.recession - 0.6))
    # Through thin hair, more skin is visible than in proportion to its density.
    share = float(np.interp(cover, (0.15, 0.6, 1), (0.07, 0.4, 1)))
    brush.fill(np.concatenate([outer, hairline]), colour=mix(face.skin, face.hair, share))
    count = int(300 * cover)
    along = rng.integers(1, len(outer) - 1, count)
    inner = hairline[::-1][along]
    edge = outer[along]
    start = rng.uniform(0, 0.6, (count, 1))
    end = np.minimum(start + rng.uniform(0.2, 0.6, (count, 1)), 1.0)
    first, last = edge + (inner - edge) * start, edge + (inner - edge) * end
    bend = (first + last) / 2 + rng.normal(0, 0.03, (count, 2))
    if face.person.hair_style == "curly" and face.age > 1.5:
        curls = zip(
            edge + (inner - edge) * rng.uniform(0, 0.9, (count, 1)), rng.uniform(0.03, 0.07, count), strict=True
        )
        strands = [ellipse(x, y, rx=r, ry=r, steps=9)[:7] for (x, y), r in curls]
    else:
        strands = [np.stack(line) for line in zip(first, bend, last, strict=True)]
    _draw_strands(brush, strands, face=face, width=0.013, rng=rng)


def _hair_edges(face: AgedFace) -> tuple[Points, Points]:
    """Return the outer edge of the hair from left to right, and as many points of the hairline from right to left."""
    style = face.person.hair_style
    volume = {"short": 0.06, "side": 0.08, "long": 0.10, "curly": 0.16, "bun": 0.04}[style] * face.hair_cover
    volume *= 1 - 0.35 * face.sag
    w, top = face.half_width, face.top
    low = 0.0 if face.person.gender == "male" or face.age < 3 else 0.12
    angles = np.linspace(np.pi, 0, 9)
    crown = np.stack([(w + volume) * np.cos(angles), -0.25 + (top + 0.25 - volume) * np.sin(angles)], axis=1)
    side = np.array([[w + 0.4 * volume, face.eye_y + 0.1 + low]])
    outer = spline(np.concatenate([side * [-1, 1], crown, side]))
    gone = face.recession
    height = -0.98 + (top + 1.02) * min(1.0, gone * 1.15)  # the hairline recedes to the top of the skull
    temple = -0.80 + (top + 0.96) * min(1.0, gone * 1.5)
    inner = w * (0.80 + 0.13 * gone)
    right = [
        [w * 0.99, face.eye_y + 0.06 + low],
        [w * 0.92, -0.30],
        [inner, -0.58],
        [inner * 0.86, 0.5 * (temple - 0.58)],
        [inner * 0.62, temple - 0.03],
    ]
    fringe = (0.22 if style == "side" else 0.0) * min(1.0, face.age / 4) * (1 - gone)
    middle = [
        [0.24 * w, height - 0.01],
        [0, height + 0.02 * (1 - gone) + 0.3 * fringe],
        [-0.24 * w, height + 0.8 * fringe],
    ]
    left = [[-x, y] for x, y in right[::-1]]
    left[0][1] += fringe
    hairline = spline(np.array(right + middle + left))
    where = np.linspace(0, len(hairline) - 1, len(outer)).round().astype(int)
    return outer, hairline[where]


def _draw_strands(
    brush: Brush, strands: list[Points], *, face: AgedFace, width: float, rng: np.random.Generator
) -> None:
    """Draw strands in a few tones, a share of them grey."""
    if not strands:
        return
    grey = rng.random(len(strands)) < face.grey
    tone = rng.integers(len(TONES), size=len(strands))
    young = mix(face.person.hair, face.hair, 0.5)
    thin = 0.35 + 0.65 * face.hair_cover
    for is_grey, base in ((False, young), (True, face.grey_hair)):
        for index, brightness in enumerate(TONES):
            chosen = [strands[i] for i in np.flatnonzero((grey == is_grey) & (tone == index))]
            if chosen:
                brush.lines(chosen, colour=mix(face.skin, shade(base, brightness), thin), width=width)


def draw_brows(brush: Brush, face: AgedFace, *, lift: float) -> None:
    """Draw the eyebrows: faint for babies, bushy and grey for old men."""
    person = face.person
    strength = 0.28 + 0.6 * min(1.0, face.age / 12)
    colour = mix(face.skin, mix(shade(person.hair, 0.85), face.grey_hair, face.grey * 0.85), strength)
    weight = (0.028 + 0.02 * face.growth + 0.022 * face.masculinity - 0.012 * face.sag) * person.brow_weight
    x, w = face.eye_x, face.eye_width * 1.3
    y = face.brow_y - lift
    tilt = person.brow_tilt - 0.04 * face.sag
    upper = [
        [x - w, y - 0.4 * weight],
        [x - 0.2 * w, y - weight - 0.02],
        [x + 0.45 * w, y - weight - 0.03 - 0.6 * tilt],
    ]
    lower = [
        [x + 0.45 * w, y + 0.3 * weight - 0.03 - 0.6 * tilt],
        [x - 0.2 * w, y + 0.6 * weight - 0.02],
        [x - w, y + 0.8 * weight],
    ]
    upper.append([x + w, y + 0.02 - tilt])
    contour = np.concatenate([spline(upper), spline(lower)])
    for side in (-1, 1):
        brush.fill_skin(mirrored(contour, side), colour=colour, lift=0.03)


def draw_beard(brush: Brush, face: AgedFace, *, rng: np.random.Generator) -> None:
    """Draw stubble or a beard for some men, from puberty on."""
    amount = (
        float(np.clip((face.age - 15) / 6, 0, 1))
        * face.masculinity
        * np.clip((face.person.beard - 0.45) * 3 + rng.normal(0, 0.2), 0, 1)
    )
    if amount < 0.15:
        return
    w = face.half_width
    jaw = spline(
        [
            [w * 0.94, 0.05],
            [w * 0.97, 0.25],
            [face.outline[8, 0] * 1.02, 0.66],
            [face.outline[9, 0], 0.97],
            [0, 1.04 + 0.08 * amount],
        ]
    )
    y, m = face.mouth_y, face.mouth_width
    inner = spline([[0, y - 0.16], [m * 1.0, y - 0.10], [m * 1.35, y + 0.05], [w * 0.72, 0.45], [w * 0.86, 0.05]])
    contour = np.concatenate([jaw, mirrored(jaw, -1)[::-1], mirrored(inner, -1)[::-1], inner])
    hair = mix(shade(face.person.hair, 0.9), face.grey_hair, min(1.0, face.grey * 1.15))
    brush.fill(_move_with_head(contour, brush), colour=mix(face.skin, hair, 0.25 + 0.65 * amount))
    count = int(140 * amount)
    x, spread = rng.uniform(-0.85 * w, 0.85 * w, count), rng.uniform(0.55, 1.0, count)
    base = 1.0 - 0.55 * (np.abs(x) / w) ** 2.2
    starts = np.stack([x * (1 - 0.3 * spread**4), base * spread], axis=1)
    keep = starts[:, 1] > face.mouth_y + 0.12
    strands = [np.array([[x, y], [1.1 * x, y + 0.09]]) for x, y in starts[keep]]
    _draw_strands(brush, strands, face=face, width=0.014, rng=rng)


def _move_with_head(points: Points, brush: Brush) -> Points:
    """Move points of the lower face with a turned head, least at the sides."""
    share = 1 - np.abs(points[:, 0] / brush.half_width).clip(0, 1) ** 2
    moved: Points = points + np.stack([share * np.sin(brush.pose.yaw) * 0.6, share * brush.pose.pitch], axis=1)
    return moved


def draw_accessories(brush: Brush, face: AgedFace, *, rng: np.random.Generator) -> None:
    """Draw glasses, a hat, a headscarf or a mask over mouth and nose, each on some people."""
    likely = 0.04 + 0.5 * face.person.glasses * (0.25 + 0.75 * min(1.0, face.age / 60))
    if face.age > 3 and rng.random() < likely:
        _draw_glasses(brush, face, dark=bool(rng.random() < 0.18), rng=rng)
    cloth = random_colour(rng, low=15, high=235)
    kind = rng.random()
    if kind < 0.06:
        _draw_hat(brush, face, colour=cloth)
    elif kind < 0.09 and face.age > 8:
        _draw_scarf(brush, face, colour=cloth)
    elif kind > 0.97 and face.age > 4:
        _draw_mask(brush, face, colour=cloth)


def _draw_glasses(brush: Brush, face: AgedFace, *, dark: bool, rng: np.random.Generator) -> None:
    colour = mix((20, 20, 24), (120, 70, 40), float(rng.random()))
    rx, ry = face.eye_width * rng.uniform(1.35, 1.6), face.eye_width * rng.uniform(1.0, 1.4)
    rx = min(rx, face.eye_x - 0.04)
    y = face.eye_y + 0.03
    for side in (-1, 1):
        rim = ellipse(side * face.eye_x, y, rx=rx, ry=ry)
        if dark:
            brush.fill_skin(rim, colour=(34.0, 34.0, 40.0), lift=0.08)
        brush.line_skin(np.concatenate([rim, rim[:1]]), colour=colour, width=0.035, lift=0.08)
        arm = np.array([[face.eye_x + rx, y - 0.03], [face.half_width * 0.99, y - 0.06]])
        brush.line_skin(mirrored(arm, side), colour=colour, width=0.03)
    bridge = spline([[rx - face.eye_x, y - 0.02], [0, y - 0.06], [face.eye_x - rx, y - 0.02]])
    brush.line_skin(bridge, colour=colour, width=0.035, lift=0.1)


def _draw_hat(brush: Brush, face: AgedFace, *, colour: Colour) -> None:
    w, top = face.half_width + 0.14, face.top - 0.16
    dome = spline(
        [
            [-w, -0.72],
            [-w * 0.95, -1.1],
            [-w * 0.55, top + 0.04],
            [0, top],
            [w * 0.55, top + 0.04],
            [w * 0.95, -1.1],
            [w, -0.72],
        ]
    )
    edge = spline([[w, -0.72], [0, -0.80], [-w, -0.72]])
    brush.fill(np.concatenate([dome, edge]), colour=colour)
    band = spline([[-w * 1.02, -0.78], [0, -0.86], [w * 1.02, -0.78]])
    brush.lines([band], colour=shade(colour, 0.75), width=0.14)


def _draw_scarf(brush: Brush, face: AgedFace, *, colour: Colour) -> None:
    w, top = face.half_width, face.top - 0.12
    outer = spline(
        [
            [-w * 1.5, 1.9],
            [-w * 1.28, 0.2],
            [-w * 1.1, -0.8],
            [0, top],
            [w * 1.1, -0.8],
            [w * 1.28, 0.2],
            [w * 1.5, 1.9],
        ]
    )
    hole = spline(
        [
            [0, -0.88],
            [w * 0.8, -0.55],
            [w * 0.9, 0.1],
            [w * 0.66, 0.75],
            [0, 1.02],
            [-w * 0.66, 0.75],
            [-w * 0.9, 0.1],
            [-w * 0.8, -0.55],
        ],
        closed=True,
    )
    brush.fill(outer, hole, colour=colour)
    brush.lines([np.concatenate([hole, hole[:1]])], colour=shade(colour, 0.7), width=0.03)


def _draw_mask(brush: Brush, face: AgedFace, *, colour: Colour) -> None:
    w = face.half_width
    pale = mix(colour, (235, 238, 240), 0.6)
    cover = spline(
        [[-w * 0.85, 0.2], [0, 0.08], [w * 0.85, 0.2], [w * 0.7, 0.66], [0.2, 0.98], [-0.2, 0.98], [-w * 0.7, 0.66]],
        closed=True,
    )
    brush.fill(_move_with_head(cover, brush), colour=pale)
    for y in (0.35, 0.5, 0.65):
        pleat = spline([[-w * 0.6, y], [0, y + 0.04], [w * 0.6, y]])
        brush.lines([_move_with_head(pleat, brush)], colour=shade(pale, 0.85), width=0.02)
