"""Distributions of the measures of images, and shares of the faces that stand out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES
from agelens.data_prep.exploration.ages import band_of
from agelens.data_prep.exploration.parts import ALL, by_source, number, share
from agelens.data_prep.exploration.pixels import DETAIL_SIDES

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class Measure:
    """A measure of an image.

    Args:
        title: What it is called on pages.
        unit: Of its values; empty for numbers without one.
        edges: Of the bars of its histogram; values outside count in the first or the last.
    """

    title: str
    unit: str
    edges: tuple[float, ...]


def _steps(first: float, last: float, count: int) -> tuple[float, ...]:
    return tuple(round(float(edge), 6) for edge in np.linspace(first, last, count + 1))


BOX_SIDES = (0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 320, 384, 512, 768, 1024, 2048)

MEASURES = {
    "width": Measure("Width of the photograph", "px", (0, 64, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192)),
    "height": Measure("Height of the photograph", "px", (0, 64, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192)),
    "kilobytes": Measure("Size of the file", "kB", (0, 2, 4, 6, 8, 12, 16, 32, 64, 128, 256, 512, 1024, 4096)),
    "jpeg_quality": Measure("Quality of the JPEG, estimated", "", _steps(0, 100, 20)),
    "box_side": Measure("Shorter side of the box", "px", BOX_SIDES),
    "box_share": Measure("Share of the photograph inside the box", "", _steps(0, 1, 20)),
    "room": Measure("Room for a margin", "", _steps(0, 1, 20)),
    "margin": Measure("Margin of the crop", "", _steps(0, 0.3, 20)),
    "enlargement": Measure("Pixels of the crop for each of the photograph", "", _steps(0, 4, 40)),
    "faces": Measure("Faces in the photograph", "", (*_steps(0, 10, 10), 20.0, 50.0, 100.0)),
    "score": Measure("Score of the detector", "", _steps(0, 1, 20)),
    "brightness": Measure("Brightness", "grey levels", _steps(0, 255, 17)),
    "contrast": Measure("Contrast", "grey levels", _steps(0, 120, 20)),
    "saturation": Measure("Saturation", "levels", _steps(0, 160, 20)),
    "sharpness": Measure("Sharpness", "grey levels²", (0, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120)),
    "detail": Measure("Detail finer than 48 px", "", _steps(0, 1, 25)),
}

LOW_DETAIL = 0.29
"""Most crops that were reduced to at most 48 px and enlarged again are below; see benchmarks/exploration/eda.py."""

Rule = Callable[[pd.DataFrame], "pd.Series[bool]"]


def flag_rules(*, tiny_side: float, margin_fraction: float) -> dict[str, tuple[str, Rule]]:
    """Return the conditions by which faces stand out, each with its description.

    Args:
        tiny_side: Boxes with a shorter side below it, in pixels, are tiny.
        margin_fraction: The margin that crops should have.
    """
    half = margin_fraction / 2
    return {
        "tiny_face": (f"box below {tiny_side:g} px", lambda t: t["box_side"] < tiny_side),
        "low_detail": (f"no more detail than {max(DETAIL_SIDES)} px show", lambda t: t["detail"] < LOW_DETAIL),
        "enlarged": ("crop larger than the photograph's part", lambda t: t["enlargement"] > 1),
        "little_margin": (f"margin below {half:g}, half of the setting", lambda t: t["margin"] < half),
        "several_faces": ("further faces in the photograph", lambda t: t["faces"] > 1),
        "not_detected": ("no face detected, whole image used", lambda t: t["found"] != "detector"),
        "uncertain": ("score of the detector below 0.5", lambda t: t["score"] < 0.5),
        "dark": ("brightness below 50", lambda t: t["brightness"] < 50),
        "bright": ("brightness above 205", lambda t: t["brightness"] > 205),
        "flat": ("contrast below 20", lambda t: t["contrast"] < 20),
        "grey": ("saturation below 3", lambda t: t["saturation"] < 3),
        "low_jpeg_quality": ("JPEG quality below 60", lambda t: t["jpeg_quality"] < 60),
    }


def describe_measures(images: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of each measure by source.

    Args:
        images: As `measure_images` returns them.

    Returns:
        `source`, `measure`, `faces` with a value, `mean`, and a column for each of `QUANTILES`, such as `q50`.
    """
    rows: list[dict[str, Any]] = []
    for source, part in by_source(images):
        for name in MEASURES:
            values = part[name].dropna()
            quantiles = {f"q{round(100 * q):02d}": number(values.quantile(q)) for q in QUANTILES}
            counts = {"faces": len(values), "mean": number(values.mean())}
            rows.append({"source": source, "measure": name, **counts, **quantiles})
    return pd.DataFrame(rows)


def count_measures(images: pd.DataFrame) -> pd.DataFrame:
    """Return the histogram of each measure by source: `source`, `measure`, `low`, `high`, `faces`; low is included."""
    found = []
    for source, part in by_source(images):
        for name, measure in MEASURES.items():
            inside = part[name].dropna().clip(measure.edges[0], np.nextafter(measure.edges[-1], 0))
            counts, _ = np.histogram(inside, measure.edges)
            bars = {"low": measure.edges[:-1], "high": measure.edges[1:], "faces": counts}
            found.append(pd.DataFrame(bars).assign(source=source, measure=name))
    return pd.concat(found, ignore_index=True)[["source", "measure", "low", "high", "faces"]]


def count_flags(images: pd.DataFrame, *, tiny_side: float, margin_fraction: float) -> pd.DataFrame:
    """Return how many faces stand out, by source and age band.

    Args:
        images: As `measure_images` returns them.
        tiny_side: See `flag_rules`.
        margin_fraction: See `flag_rules`.

    Returns:
        `source`, `band` (`ALL`, or one of `BAND_NAMES` that has faces), `flag`, `faces` that meet the condition,
        `of` how many, and their `share`. A missing measure meets no condition.
    """
    rules = flag_rules(tiny_side=tiny_side, margin_fraction=margin_fraction)
    met = pd.DataFrame({name: rule(images) for name, (_, rule) in rules.items()})
    met = pd.concat([images[["source"]].assign(band=band_of(images["age"])), met], axis=1)
    rows: list[dict[str, Any]] = []
    for source, part in by_source(met):
        for band in (ALL, *BAND_NAMES):
            some = part if band == ALL else part[part["band"] == band]
            for name in rules if len(some) else ():
                faces = int(some[name].sum())
                counts = {"faces": faces, "of": len(some), "share": share(faces, len(some))}
                rows.append({"source": source, "band": band, "flag": name, **counts})
    return pd.DataFrame(rows, columns=["source", "band", "flag", "faces", "of", "share"])


def count_sizes(images: pd.DataFrame, *, largest: int = 10) -> pd.DataFrame:
    """Return the most common sizes of photographs by source: `source`, `width`, `height`, `faces`, `share`."""
    found = []
    for source, part in by_source(images):
        sizes = part.groupby(["width", "height"]).size().rename("faces").reset_index()
        sizes = sizes.sort_values(["faces", "width", "height"], ascending=[False, True, True]).head(largest)
        found.append(sizes.assign(source=source, share=(sizes["faces"] / len(part)).round(4)))
    return pd.concat(found, ignore_index=True)[["source", "width", "height", "faces", "share"]]
