"""What readers yield: a labelled photograph, or a file or line that is rejected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agelens.data_prep.core.labels import ATTRIBUTES

AgeKind = Literal["exact", "interval", "year_difference", "apparent"]


@dataclass(frozen=True)
class Record:
    """One labelled photograph of a source.

    Args:
        path: The file, or its address such as `s3://bucket/photo.jpg`.
        relative: Its path relative to the source's root, with `/`; it identifies the image within the source.
        age_low: Lowest age of the label, in years.
        age_high: Highest age of the label, equal to `age_low` for an exact age.
        age_kind: How the source determined the age. `year_difference` is the year of the photograph minus the year of
            birth, which is accurate to one year.
        attributes: Label of each of `ATTRIBUTES`; None, or no entry, where it is unknown.
        subject: Identifies the person within the source; None where the source does not identify people.
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
    """One file, or one line of a label file, that cannot be used.

    Args:
        path: The file, or its address.
        relative: As in `Record`, or file and number of the line.
        reason: Short code, by which reports count rejected rows.
        detail: Description of what was found.
    """

    path: Path | str
    relative: str
    reason: str
    detail: str = ""
