"""Labels as the model sees them: ages in years, the age group that a year falls into, and what else a source tells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError, ParamsError

MAX_AGE = 100
"""Ages above are clipped to it when the manifest is built (the distribution head spans 0..100)."""

NO_GROUP = -1
"""The age group of a label whose interval lies across groups: the group loss and metrics leave it out."""

TRAITS: Mapping[str, tuple[str, ...]] = {
    "gender": ("female", "male"),
    "ethnicity": ("White", "Black", "Asian", "Indian", "Other"),
}
"""What else a network may be taught beside the age, and its classes in order; ethnicities in UTKFace's terms."""

NO_TRAIT = -1
"""The index of a trait that a source does not tell, or tells in other terms: it costs and counts nothing."""

MIN_SHARE_IN_GROUP = 0.75
"""An interval belongs to a group that holds at least this share of its years."""


@dataclass(frozen=True)
class AgeGroups:
    """Consecutive groups of whole years.

    Args:
        first_ages: The first age of each group, ascending from 0, for example `(0, 13, 26, 43, 61)`.

    Raises:
        ParamsError: The ages do not ascend from 0, or there are fewer than two.
    """

    first_ages: tuple[int, ...]

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in zip(self.first_ages, self.first_ages[1:], strict=False))
        if len(self.first_ages) < 2 or self.first_ages[0] != 0 or not ascending:
            msg = (
                f"age_groups must be at least two ascending first ages that begin with 0. Received: {self.first_ages}."
            )
            raise ParamsError(msg)

    def __len__(self) -> int:
        return len(self.first_ages)

    @property
    def names(self) -> tuple[str, ...]:
        """Readable names, for example `("0-12", "13-25", "26-42", "43-60", "61+")`."""
        ends = [f"-{after - 1}" for after in self.first_ages[1:]]
        return tuple(f"{first}{end}" for first, end in zip(self.first_ages, [*ends, "+"], strict=True))

    def of_ages(self, ages: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the group of each age; a real-valued age belongs to the group of its floor."""
        index: npt.NDArray[np.int64] = np.searchsorted(
            self.first_ages, np.floor(np.asarray(ages, dtype=float)), side="right"
        )
        return index - 1

    def of_intervals(self, low: npt.ArrayLike, high: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the group that holds at least 75 % of the whole years `low..high` of each label, else `NO_GROUP`."""
        lows: npt.NDArray[np.float64] = np.floor(np.asarray(low, dtype=float))
        highs: npt.NDArray[np.float64] = np.floor(np.asarray(high, dtype=float))
        last_ages = np.append(np.array(self.first_ages[1:]) - 1, np.inf)
        first = np.maximum(lows[..., None], self.first_ages)
        last = np.minimum(highs[..., None], last_ages)
        share = np.clip(last - first + 1, 0, None) / (highs - lows + 1)[..., None]
        index: npt.NDArray[np.int64] = np.where(
            share.max(axis=-1) >= MIN_SHARE_IN_GROUP, share.argmax(axis=-1), NO_GROUP
        )
        return index


def trait_indices(labels: Iterable[object], trait: str) -> npt.NDArray[np.int64]:
    """Return the index `(N,)` of each label among the classes of a trait, `NO_TRAIT` where it is missing or another."""
    index = {name: place for place, name in enumerate(TRAITS[trait])}
    return np.array([index.get(label, NO_TRAIT) for label in labels], dtype=np.int64)  # type: ignore[call-overload]


def check_some_exact(low: npt.ArrayLike, high: npt.ArrayLike) -> None:
    """Raise `DataError` unless a label is one exact age: without any, the MAE is 0 and intervals have no width."""
    if not np.equal(low, high).any():
        msg = (
            "The validation split must hold rows whose age is exact (age_low equal to age_high): by them alone heads, "
            f"epochs and intervals are judged. Received: {np.size(low)} rows, none of them exact. "
            "Add a source with exact ages, or enlarge split.val."
        )
        raise DataError(msg)
