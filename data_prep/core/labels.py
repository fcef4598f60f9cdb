"""Labels as the model uses them: ages in years, age groups and attributes."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError, ParamsError

MAX_AGE = 100
"""Higher ages are clipped to it in the manifest; the distribution head covers 0..100."""

OLDEST_AGE = 122
"""Nobody is known to have been older; a higher label is no age but, for example, a year of birth."""

NO_AGE_GROUP = -1
"""The age group of an age interval that extends over several groups: loss and metrics of groups leave the row out."""

NO_CLASS = -1
"""The class index of a label that is missing or not one of the classes: loss and metrics leave the row out."""

MIN_SHARE_IN_GROUP = 0.75
"""An age interval belongs to a group that contains at least this share of its years."""


FEW_VALIDATION_ROWS = 30
"""With fewer exact ages, the standard error of the validation MAE is more than about a seventh of it."""


@dataclass(frozen=True)
class Attribute:
    """A property of a person, beside the age, that a source may label and that a network may learn.

    Args:
        classes: Names of the classes, in the order of the network's softmax output.
        meaning: Description of its labels, for the documentation of tables.
        spellings: Values that a table of labels may hold, in lower case, and the class of each, None for unknown. An
            empty mapping accepts all values and keeps them unchanged.
        exported: Whether exported models predict it. If not, it is for training and the evaluation report only.
    """

    classes: tuple[str, ...]
    meaning: str
    spellings: Mapping[str, str | None] = field(default_factory=dict)
    exported: bool = True


ATTRIBUTES: Mapping[str, Attribute] = {
    "gender": Attribute(
        classes=("female", "male"),
        meaning="male or female, as the source labels it",
        # Words only: 0 and 1 mean the opposite in UTKFace and in IMDB-WIKI.
        spellings={
            **dict.fromkeys(("f", "female", "woman"), "female"),
            **dict.fromkeys(("m", "male", "man"), "male"),
            **dict.fromkeys(("", "u", "unknown"), None),
        },
    ),
    "ethnicity": Attribute(
        classes=("White", "Black", "Asian", "Indian", "Other"),  # the terms of UTKFace
        meaning="the source's own term",
        exported=False,  # guessing a person's ethnicity is not a purpose of this software
    ),
}
"""Every attribute, by the name of its column in tables and of its output in networks."""


@dataclass(frozen=True)
class AgeGroups:
    """Age groups: consecutive ranges of whole years.

    Args:
        first_ages: The first age of each group, ascending from 0, such as `(0, 13, 26, 43, 61)`.

    Raises:
        ParamsError: The ages do not ascend from 0 to `MAX_AGE` at most, or there are fewer than two.
    """

    first_ages: tuple[int, ...]

    def __post_init__(self) -> None:
        first = self.first_ages
        ascending = all(a < b for a, b in itertools.pairwise(first))
        if len(first) < 2 or first[0] != 0 or not ascending or first[-1] > MAX_AGE:
            msg = f"age_groups must be at least two ascending ages from 0 to {MAX_AGE}. Received: {str(first)[:200]}."
            raise ParamsError(msg)

    def __len__(self) -> int:
        return len(self.first_ages)

    @property
    def names(self) -> tuple[str, ...]:
        """Names for people, for example `("0-12", "13-25", "26-42", "43-60", "61+")`."""
        ends = [f"-{after - 1}" for after in self.first_ages[1:]]
        return tuple(f"{first}{end}" for first, end in zip(self.first_ages, [*ends, "+"], strict=True))

    def of_ages(self, ages: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the group of each age; an age with a fraction belongs to the group of its whole years."""
        index: npt.NDArray[np.int64] = np.searchsorted(
            self.first_ages, np.floor(np.asarray(ages, dtype=float)), side="right"
        )
        return index - 1

    def of_intervals(self, low: npt.ArrayLike, high: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the group that contains at least 75 % of the years `low..high` of each label, or `NO_AGE_GROUP`."""
        lows: npt.NDArray[np.float64] = np.floor(np.asarray(low, dtype=float))
        highs: npt.NDArray[np.float64] = np.floor(np.asarray(high, dtype=float))
        last_ages = np.append(np.array(self.first_ages[1:]) - 1, np.inf)
        first = np.maximum(lows[..., None], self.first_ages)
        last = np.minimum(highs[..., None], last_ages)
        share = np.clip(last - first + 1, 0, None) / (highs - lows + 1)[..., None]
        index: npt.NDArray[np.int64] = np.where(
            share.max(axis=-1) >= MIN_SHARE_IN_GROUP, share.argmax(axis=-1), NO_AGE_GROUP
        )
        return index


def attribute_indices(labels: Iterable[object], attribute: str) -> npt.NDArray[np.int64]:
    """Return the class index `(N,)` of each label; `NO_CLASS` where it is missing or not one of the classes."""
    index = {name: place for place, name in enumerate(ATTRIBUTES[attribute].classes)}
    return np.array([index.get(label, NO_CLASS) for label in labels], dtype=np.int64)  # type: ignore[call-overload]


def describe_few_exact_ages(low: npt.ArrayLike, high: npt.ArrayLike) -> str | None:
    """Return a warning if the validation split has fewer than `FEW_VALIDATION_ROWS` exact ages, else None."""
    count = int(np.equal(low, high).sum())
    if count >= FEW_VALIDATION_ROWS:
        return None
    return (
        f"the validation split has {count} rows with an exact age. Below {FEW_VALIDATION_ROWS}, the best epoch, the "
        "best settings and the prediction intervals are mostly chance; add photographs or enlarge split.val"
    )


def check_has_exact_ages(low: npt.ArrayLike, high: npt.ArrayLike) -> None:
    """Raise `DataError` unless at least one label is an exact age, which the MAE and prediction intervals need."""
    if not np.equal(low, high).any():
        msg = (
            "The validation split must hold rows with an exact age (age_low equal to age_high): only these validate "
            f"heads, epochs and prediction intervals. Received: {np.size(low)} rows without an exact age. "
            "Add a source with exact ages, or enlarge split.val."
        )
        raise DataError(msg)
