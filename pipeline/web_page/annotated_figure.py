"""A photograph with its predictions, as HTML: an image with an SVG layer that shows each face's ages on hover."""

import base64
from collections.abc import Sequence
from html import escape
from textwrap import shorten

from agelens.data_prep.core.images import Pixels, encode_jpeg
from agelens.data_prep.core.resampling import resize
from agelens.models.serving.predictions import AgePrediction

SHOWN_SIDE = 1280
"""Longest side of a shown photograph, in pixels."""

LEAST_SHOWN = 480
"""Least width at which a photograph is shown, in pixels of the page, so that labels can be read."""

NAME_LENGTH = 80

CHART_WIDTH, CHART_HEIGHT = 11.0, 5.0
"""Of the chart of the age distribution, in heights of a label."""


def annotated_figure(image: Pixels, faces: Sequence[AgePrediction], *, name: str) -> str:
    """Return a `<figure>` of a photograph `uint8 (height, width, 3)` RGB with the outline and age of each face.

    The chart of a face's age distribution is shown while the pointer is on it or it has the focus of the keyboard; on a
    phone, after a tap.

    Args:
        image: The photograph.
        faces: Its predictions, with distributions where the model has them.
        name: Of the photograph, for the caption.
    """
    scale = min(1.0, SHOWN_SIDE / max(image.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    shown = image if scale == 1 else resize(image, height=height, width=width, kernel="area")
    content = base64.b64encode(encode_jpeg(shown)).decode()
    unit = max(width, height) / 40
    groups = [_face(face, number, scale, unit, width, height) for number, face in enumerate(faces, start=1)]
    title = escape(shorten(name, NAME_LENGTH, placeholder="...") or "photograph")
    found = "no face was found" if not faces else f"{len(faces)} face{'s' if len(faces) > 1 else ''}"
    return (
        f'<figure class="agelens-figure"><div style="width:min(100%,{max(width, LEAST_SHOWN)}px)">'
        f'<img src="data:image/jpeg;base64,{content}" alt="{title}: {found}">'
        f'<svg viewBox="0 0 {width} {height}" role="group" aria-label="faces in {title}">{"".join(groups)}</svg></div>'
        f"<figcaption>{title}: {found}</figcaption></figure>"
    )


def failed_figure(name: str, reason: str) -> str:
    """Return a `<figure>` for a file that could not be read."""
    title = escape(shorten(name, NAME_LENGTH, placeholder="...") or "photograph")
    return f'<figure class="agelens-figure failed"><figcaption>{title}: {escape(reason)}</figcaption></figure>'


def _face(face: AgePrediction, number: int, scale: float, unit: float, width: int, height: int) -> str:
    x1, y1, x2, y2 = (value * scale for value in face.box)
    low, high = face.interval
    text = f"{face.age:.0f} ({low:.0f}\u2013{high:.0f})"
    label_width = 0.62 * unit * len(text) + 0.6 * unit
    left, top = max(0.0, min(x1, width - label_width)), max(0.0, y1 - 1.5 * unit)
    spoken = f"face {number}: {face.age:.0f} years, {low:.0f} to {high:.0f}, age group {face.age_group}"
    return (
        f'<g class="face" tabindex="0" role="img" aria-label="{escape(spoken)}">'
        f'<rect class="box" x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" '
        f'stroke-width="{unit / 7:.1f}"/>'
        f'<rect class="label" x="{left:.1f}" y="{top:.1f}" width="{label_width:.1f}" height="{1.5 * unit:.1f}"/>'
        f'<text x="{left + 0.3 * unit:.1f}" y="{top + 1.1 * unit:.1f}" font-size="{unit:.1f}">{text}</text>'
        f"{_chart(face, unit=unit, left=x1, top=y2, width=width, height=height)}</g>"
    )


def _chart(face: AgePrediction, *, unit: float, left: float, top: float, width: int, height: int) -> str:
    """Return the chart of the age distribution, with the prediction interval shaded, inside the photograph."""
    if face.distribution is None:
        return ""
    chart_width, chart_height = CHART_WIDTH * unit, CHART_HEIGHT * unit
    x = max(0.0, min(left, width - chart_width))
    y = max(0.0, min(top, height - chart_height))
    inner, base = chart_width - unit, y + chart_height - 1.2 * unit
    step = inner / len(face.distribution)
    tallest = max(face.distribution)
    bars = " ".join(
        f"M{x + unit / 2 + year * step:.1f} {base:.1f}v{-probability / tallest * (chart_height - 3 * unit):.1f}"
        for year, probability in enumerate(face.distribution)
    )
    low, high = (x + unit / 2 + end * step for end in face.interval)
    ticks = "".join(
        f'<text x="{x + unit / 2 + year * step:.1f}" y="{y + chart_height - 0.3 * unit:.1f}" '
        f'font-size="{0.7 * unit:.1f}" text-anchor="middle">{year}</text>'
        for year in (0, 20, 40, 60, 80, 100)
    )
    return (
        f'<g class="chart"><rect x="{x:.1f}" y="{y:.1f}" width="{chart_width:.1f}" height="{chart_height:.1f}"/>'
        f'<rect class="interval" x="{low:.1f}" y="{base - chart_height + 3 * unit:.1f}" width="{high - low:.1f}" '
        f'height="{chart_height - 3 * unit:.1f}"/>'
        f'<path d="{bars}" stroke-width="{0.8 * step:.1f}"/>{ticks}'
        f'<text x="{x + unit / 2:.1f}" y="{y + unit:.1f}" font-size="{0.75 * unit:.1f}">probability of each age</text>'
        "</g>"
    )
