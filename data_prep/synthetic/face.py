"""Drawing of a head: shoulders, skin and facial features; `hair` draws hair, glasses and clothes on the head."""

import numpy as np

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.synthetic.brush import Brush, Points, Pose, ellipse, mirrored, spline
from agelens.data_prep.synthetic.hair import draw_accessories, draw_back_hair, draw_beard, draw_brows, draw_front_hair
from agelens.data_prep.synthetic.person import AgedFace, Colour, mix, random_colour, shade
from agelens.data_prep.synthetic.shading import shade_skin

WHITE_OF_EYE: Colour = (240, 236, 230)
LIP_RED: Colour = (168, 62, 66)


def draw_head(canvas: Pixels, face: AgedFace, *, pose: Pose, rng: np.random.Generator) -> Points:
    """Draw a head with its shoulders onto a canvas, in place.

    Args:
        canvas: RGB `uint8 (height, width, 3)`.
        face: The face to draw.
        pose: Position and orientation.
        rng: Generator of expression, texture, glasses and headwear.

    Returns:
        The box of the face `(4,)`, xyxy pixels of the canvas: hairline to chin, ear to ear.
    """
    brush = Brush(canvas, pose, face.half_width)
    outline = spline(face.outline, closed=True)
    draw_back_hair(brush, face, rng=rng)
    _draw_body(brush, face, rng=rng)
    _draw_ears(brush, face)
    brush.fill(outline, colour=face.skin)
    _draw_spots(brush, face, rng=rng)
    shade_skin(canvas, face, pose=pose, outline=outline, rng=rng)
    smile = float(rng.normal(0.35, 0.45))
    openness = float(rng.uniform(0.25, 1)) if rng.random() < 0.3 else 0.0
    gaze = rng.normal(0, 0.12, size=2)
    for side in (-1, 1):
        _draw_eye(brush, face, side=side, gaze=gaze)
    draw_brows(brush, face, lift=float(rng.normal(0, 0.02)))
    _draw_nose(brush, face)
    draw_beard(brush, face, rng=rng)
    _draw_mouth(brush, face, smile=float(np.clip(smile, -0.5, 1.2)), openness=openness)
    draw_front_hair(brush, face, rng=rng)
    draw_accessories(brush, face, rng=rng)
    return face_box(face, pose=pose, outline=outline)


def face_box(face: AgedFace, *, pose: Pose, outline: Points) -> Points:
    """Return the box `(4,)`, xyxy pixels, of the outline below the hairline."""
    visible = pose.place(outline[outline[:, 1] >= -1.0])
    side = np.array([[face.half_width + 0.05, face.eye_y + 0.1], [-face.half_width - 0.05, face.eye_y + 0.1]])
    visible = np.concatenate([visible, pose.place(side), pose.place(np.array([[0.0, -1.0]]))])
    return np.concatenate([visible.min(axis=0), visible.max(axis=0)])


def _draw_body(brush: Brush, face: AgedFace, *, rng: np.random.Generator) -> None:
    neck = (0.36 + 0.05 * face.growth + 0.09 * face.masculinity - 0.02 * face.sag) * face.person.width
    shoulder = 1.0 + 0.62 * face.growth + 0.3 * face.masculinity
    base = 1.12 + 0.22 * face.growth
    cloth = random_colour(rng, low=20, high=235)
    torso = spline(
        [[neck + 0.1, base], [shoulder * 0.8, base + 0.22], [shoulder, base + 0.6], [shoulder * 1.04, base + 1.2]]
    )
    right = np.concatenate([torso, [[shoulder * 1.06, 14.0]]])
    skin = shade(face.skin, 0.86)
    column = spline(
        [[neck, 0.3], [neck, base - 0.15], [neck + 0.14, base + 0.1], [0.0, base + 0.32 + rng.uniform(0, 0.25)]]
    )
    brush.fill(np.concatenate([right, mirrored(right, -1)[::-1]]), colour=cloth)
    brush.fill(np.concatenate([column, mirrored(column, -1)[::-1]]), colour=skin)
    chin = spline([[-neck, 0.55], [-neck * 0.9, 1.02], [0, 1.18], [neck * 0.9, 1.02], [neck, 0.55]])
    brush.fill(chin, colour=shade(face.skin, 0.70))
    folds = [spline([[-neck * 0.8, y], [0, y + 0.07], [neck * 0.8, y]]) for y in (1.2, 1.3)]
    brush.lines(folds, colour=mix(skin, shade(face.skin, 0.6), min(face.wrinkles, 1)), width=0.02)
    if rng.random() < 0.5:
        brush.lines([column], colour=shade(cloth, 0.8), width=0.05)
        brush.lines([mirrored(column, -1)], colour=shade(cloth, 0.8), width=0.05)


def _draw_ears(brush: Brush, face: AgedFace) -> None:
    for side in (-1, 1):
        # The ear on the side to which the face is turned is hidden.
        x = face.half_width + 0.02 - 0.25 * max(0.0, side * np.sin(brush.pose.yaw))
        y = 0.06 + 0.5 * face.eye_y + brush.pose.pitch * 0.5
        outer = ellipse(x, y, rx=0.11, ry=face.ear)
        brush.fill(mirrored(outer, side), colour=shade(face.skin, 0.93))
        inner = spline([[x + 0.04, y + face.ear * 0.5], [x + 0.06, y - face.ear * 0.4], [x, y - face.ear * 0.6]])
        brush.lines([mirrored(inner, side)], colour=shade(face.skin, 0.72), width=0.02)


def _draw_spots(brush: Brush, face: AgedFace, *, rng: np.random.Generator) -> None:
    """Draw freckles, acne of puberty and age spots."""
    old = max(0.0, face.age - 48) ** 1.4 / 10 * face.person.wrinkling
    teen = 9 * max(0.0, 1 - abs(face.age - 16) / 4)
    freckles = 45 * face.person.freckles * min(1.0, face.age / 5)
    kinds = (
        (int(old), shade(mix(face.skin, (120, 80, 50), 0.45), 0.9), 0.018, 0.042),
        (int(teen), mix(face.skin, (206, 70, 66), 0.45), 0.012, 0.022),
        (int(freckles), mix(face.skin, (150, 90, 50), 0.4), 0.008, 0.013),
    )
    for count, colour, small, large in kinds:
        for across, y, size in rng.uniform([-0.8, -1.0, small], [0.8, 0.75, large], (count, 3)):
            x = across * face.half_width * (1 - 0.4 * max(0.0, y))
            tint = mix(face.skin, colour, float(rng.uniform(0.5, 1)))
            brush.fill_skin(ellipse(x, y, rx=size, ry=size * 0.8, steps=8), colour=tint)


def _draw_eye(brush: Brush, face: AgedFace, *, side: int, gaze: Points) -> None:
    w = face.eye_width
    x, y = face.eye_x, face.eye_y
    tall = w * (0.62 - 0.16 * face.growth - 0.17 * face.sag)
    droop = 0.04 * face.sag  # the outer corner sinks with age
    upper = [
        [x - w, y + 0.015],
        [x - 0.45 * w, y - 0.85 * tall],
        [x + 0.2 * w, y - tall + droop * 0.5],
        [x + w, y + droop - 0.01],
    ]
    lower = [
        [x + w, y + droop - 0.01],
        [x + 0.35 * w, y + 0.62 * tall + droop * 0.4],
        [x - 0.4 * w, y + 0.6 * tall],
        [x - w, y + 0.015],
    ]
    lid, bottom = mirrored(spline(upper), side), mirrored(spline(lower), side)
    aperture = np.concatenate([lid, bottom[1:-1]])
    socket = mirrored(ellipse(x, y, rx=w * 1.16, ry=tall * 1.55 + 0.03), side)
    lids = mix(shade(face.skin, 0.90), (150, 90, 90), 0.10 + 0.15 * face.sag)
    brush.fill_skin(aperture, colour=mix(WHITE_OF_EYE, (222, 200, 170), 0.6 * face.sag))
    iris = tall * (0.86 - 0.02 * face.growth) + 0.35 * (w * 0.46 - tall * 0.84)
    centre = np.array([side * x, y - 0.1 * tall + droop * 0.3]) + gaze * [w, 0.4 * tall]
    for radius, colour in (
        (iris, shade(face.person.eyes, 0.6)),
        (iris * 0.85, face.person.eyes),
        (iris * 0.42, (14.0, 12.0, 12.0)),
    ):
        brush.fill_skin(ellipse(centre[0], centre[1], rx=radius, ry=radius), colour=colour)
    glint = ellipse(centre[0] - 0.3 * iris, centre[1] - 0.35 * iris, rx=iris * 0.17, ry=iris * 0.17, steps=10)
    brush.fill_skin(glint, colour=(250.0, 250.0, 250.0))
    brush.fill_skin(socket, aperture, colour=lids)  # a ring that covers the iris outside of the eyelids
    crease = mirrored(spline(np.array(upper) * [1, 1] + [0, -0.35 * tall - 0.01]), side)
    brush.line_skin(crease, colour=shade(lids, 0.80), width=0.016)
    female = face.maturity if face.person.gender == "female" else 0.0
    brush.line_skin(
        lid, colour=mix(shade(face.skin, 0.42), (24, 18, 18), 0.5), width=0.024 + 0.016 * female * (1 - 0.6 * face.sag)
    )
    brush.line_skin(bottom, colour=mix(shade(lids, 0.78), (190, 90, 90), 0.3 * face.sag), width=0.014)


def _draw_nose(brush: Brush, face: AgedFace) -> None:
    w, y = face.nose_width, face.nose_y
    dark = shade(face.skin, 0.62)
    for side in (-1, 1):
        nostril = ellipse(0.5 * w * side, y, rx=0.24 * w, ry=0.11 * w + 0.006, steps=12)
        brush.fill_skin(nostril, colour=shade(face.skin, 0.42), lift=0.12)
        wing = spline([[0.8 * w, y + 0.02], [1.02 * w, y - 0.03], [0.92 * w, y - 0.45 * w - 0.02]])
        brush.line_skin(mirrored(wing, side), colour=dark, width=0.018, lift=0.05)
    under = spline([[-0.35 * w, y + 0.02], [0, y + 0.04], [0.35 * w, y + 0.02]])
    brush.line_skin(under, colour=dark, width=0.016, lift=0.14)


def _draw_mouth(brush: Brush, face: AgedFace, *, smile: float, openness: float) -> None:
    w = face.mouth_width * (1 + 0.14 * max(smile, 0))
    y, thick = face.mouth_y, face.lips
    corner = y - 0.05 * smile + 0.035 * face.sag
    gap = openness * (0.045 + 0.05 * max(smile, 0))
    female = face.maturity if face.person.gender == "female" else 0.0
    red = mix(face.skin, LIP_RED, 0.42 + 0.16 * female - 0.2 * face.sag)
    red = shade(red, 0.96)
    top = spline(
        [
            [-w, corner],
            [-0.5 * w, y - 0.55 * thick],
            [-0.18 * w, y - 0.85 * thick],
            [0, y - 0.66 * thick],
            [0.18 * w, y - 0.85 * thick],
            [0.5 * w, y - 0.55 * thick],
            [w, corner],
        ]
    )
    low = spline(
        [
            [w, corner],
            [0.55 * w, y + gap + 0.62 * thick],
            [0, y + gap + thick],
            [-0.55 * w, y + gap + 0.62 * thick],
            [-w, corner],
        ]
    )
    seam = spline([[-w, corner], [-0.5 * w, y + 0.01], [0, y + 0.015], [0.5 * w, y + 0.01], [w, corner]])
    floor = spline(
        [[w, corner], [0.5 * w, y + 0.01 + gap], [0, y + 0.015 + gap * 1.1], [-0.5 * w, y + 0.01 + gap], [-w, corner]]
    )
    brush.fill_skin(np.concatenate([top, low]), colour=red, lift=0.05)
    if openness:
        brush.fill_skin(np.concatenate([seam, floor]), colour=(58.0, 22.0, 24.0), lift=0.05)
        if face.age > 0.8:
            shift = np.array([0, min(0.6 * gap, 0.045)])
            teeth = np.concatenate([seam[3:-3], (seam[3:-3] + shift)[::-1]])
            brush.fill_skin(teeth, colour=mix((240, 236, 226), (196, 172, 120), face.sag), lift=0.05)
    brush.line_skin(seam, colour=shade(red, 0.45), width=0.016, lift=0.05)
