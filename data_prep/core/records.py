"""The one maker of labels: what a reader says about one file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agelens.data_prep.core.labels import ATTRIBUTES

AgeKind = Literal["exact", "interval", "year_difference", "apparent"]


@dataclass(frozen=True)
class Record:
    """One labelled photograph, as its source labels it.

    Args:
        path: The file, or its address such as `s3://bucket/photo.jpg`.
        relative: Its path relative to the source's root, with `/`; the image's name within the source.
        age_low: Years; the lowest age that the label allows.
        age_high: Years; the highest, equal to `age_low` where the age is exact.
        age_kind: How the age came about. `year_difference` is photo year minus birth year: exact to a year.
        attributes: The label of each of `ATTRIBUTES`; None, or no entry, where it is unknown.
        subject: The person within the source, or None where the source does not tell people apart.
    """

    path: Path | str
    relative: str
    age_low: float
    age_high: float
    age_kind: AgeKind = "exact"
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    subject: str | None = None

    def __post_init__(self) -> None:
        if unknown := self.attributes.keys() - ATTRIBUTES.keys():
            msg = f"attributes must be among {', '.join(ATTRIBUTES)}. Received: {', '.join(sorted(unknown))}."
            raise ValueError(msg)


@dataclass(frozen=True)
class Rejection:
    """One file, or one line of a label file, that gives no record; `reason` is a short code, `detail` says more."""

    path: Path | str
    relative: str
    reason: str
    detail: str = ""
