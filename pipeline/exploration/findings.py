"""What stands out in an exploration, in sentences with their figures."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.exploration.ages import MISSING
from agelens.data_prep.exploration.parts import ALL
from agelens.pipeline.reports.numbers import Record, records

SKEWED, UNEQUAL, ROUNDED = 0.5, 10.0, 0.24
"""Skewness, imbalance of bands and share of ages divisible by five from which a sentence is written."""

RARE, COMMON = 0.01, 0.5
"""Shares of faces or rows from which a sentence is written about faults, and about what most faces have."""

YEARS_APART = 5.0
"""Difference of the mean ages of two values of an attribute from which a sentence is written."""

FEW_ROWS = 100
"""Values of attributes with fewer rows are not compared."""


def find_all(part: Record, attributes: pd.DataFrame, *, margin_fraction: float) -> list[Markup]:
    """Return the sentences about all sources.

    Args:
        part: The figures of all sources, by keys such as `ages.mean`.
        attributes: The table `attributes`, with the row numbers of its file.
        margin_fraction: The margin that crops should have.
    """
    found = [*_of_ages(part), *_of_labels(part), *_of_attributes(attributes), *_of_images(part, margin_fraction)]
    return [*found, *_of_copies(part)]


def flat(part: Mapping[str, Any], prefix: str = "") -> dict[Hashable, Any]:
    """Return the figures of a part of summary.json by keys such as `ages.mean`."""
    values: dict[Hashable, Any] = {}
    for name, value in part.items():
        values |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return values


def _of_ages(part: Record) -> Iterator[Markup]:
    skewness = part["ages.skewness"] or 0.0
    if abs(skewness) >= SKEWED:
        end = "old" if skewness > 0 else "young"
        yield Markup("The longer tail of the ages is that of the {}: skewness {}, mean {}, median {} years.").format(
            end, *(part.show(f"ages.{name}", "years") for name in ("skewness", "mean", "median"))
        )
    if (part["ages.band_imbalance"] or 0) >= UNEQUAL:
        yield Markup(
            "The ages are unequal: {} of the photographs are {} years old, {} for one of the rarest band."
        ).format(
            part.show("ages.largest_band_share", "share"),
            part["ages.largest_band"],
            part.show("ages.band_imbalance", "number"),
        )
    if (part["ages.share_of_fives"] or 0) >= ROUNDED:
        yield Markup("Ages are rounded: {} of the exact ages are divisible by five, where 20 % are expected.").format(
            part.show("ages.share_of_fives", "share")
        )


def _of_labels(part: Record) -> Iterator[Markup]:
    for name in ATTRIBUTES:
        if (part[f"labels.missing_{name}"] or 0) >= RARE:
            yield Markup("{} of the photographs have no label of {}.").format(
                part.show(f"labels.missing_{name}", "share"), name
            )
    if part["labels.interval"]:
        yield Markup("{} of the ages are intervals, half of them of {} years and more.").format(
            part.show("labels.interval", "share"), part.show("labels.median_interval_years", "number")
        )


def _of_attributes(attributes: pd.DataFrame) -> Iterator[Markup]:
    rows = attributes[
        (attributes["source"] == ALL) & (attributes["value"] != MISSING) & (attributes["rows"] >= FEW_ROWS)
    ]
    for name in ATTRIBUTES:
        some = rows[rows["attribute"] == name].sort_values("mean_age")
        if len(some) > 1 and some["mean_age"].iloc[-1] - some["mean_age"].iloc[0] >= YEARS_APART:
            youngest, *_, oldest = records(some, file="tables/attributes.csv")
            yield Markup("The age depends on {}: the mean is {} years for {}, and {} for {}.").format(
                name,
                youngest.show("mean_age", "years1"),
                youngest["value"],
                oldest.show("mean_age", "years1"),
                oldest["value"],
            )


def _of_images(part: Record, margin_fraction: float) -> Iterator[Markup]:
    if (part["flags.little_margin"] or 0) >= COMMON:
        yield Markup(
            "{} of the crops have less than half of the margin that is set, {:g}: the median is {}. These photographs "
            "are chips, and the network sees less around the face than in crops of photographs."
        ).format(part.show("flags.little_margin", "share"), margin_fraction, part.show("medians.margin", "number"))
    for name, text in {
        "tiny_face": "have a tiny box",
        "low_detail": "show no more detail than a face of 48 pixels, although the crops are larger",
        "several_faces": "are in a photograph with further faces, so that the label can be that of another face",
        "grey": "are grey",
    }.items():
        if (part[f"flags.{name}"] or 0) >= RARE:
            yield Markup("{} of the faces {}.").format(part.show(f"flags.{name}", "share"), text)


def _of_copies(part: Record) -> Iterator[Markup]:
    if part["duplicates.photos"]:
        yield Markup(
            "{} photos have several files. In {} of them the labels conflict, by up to {} years; these are left out."
        ).format(
            part.show("duplicates.photos", "count"),
            part.show("duplicates.conflicts", "count"),
            part.show("duplicates.largest_gap", "number"),
        )
