"""Years that are added to predicted ages where the model says too much of the young and too little of the old.

A network that minimises an error answers with something like the mean age of the faces that look alike, and so shrinks
both ends of the range towards the middle. Undoing all of it costs more error than it mends, since few faces are that
old; so the full shift, which centres each band of *true* age, is taken by a strength that is paid for within a budget.

Numpy only: the predictor imports this module.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import MAX_AGE
from agelens.models.calibration.age_bands import TEN_YEARS, merge_thin_bands

Floats = npt.NDArray[np.float64]

YOUNG_END, OLD_END = 10.0, 60.0
"""Bands of true age below the first and from the second on are corrected; between them the shift is 0."""

MIN_ROWS = 30
"""Rows of a band from which its mean error is taken."""

STRENGTHS = np.linspace(0, 1, 21)

FOLDS = 5


def _ascends(values: Sequence[float] | Floats, *, strictly: bool = True) -> bool:
    steps = np.diff(values)
    return bool((steps > 0).all() if strictly else (steps >= 0).all())


@dataclass(frozen=True)
class BiasCorrection:
    """A piecewise linear map of predicted ages; without knots it changes nothing.

    Args:
        ages: Predicted years of the knots, ascending.
        shifts: Years that are added at each knot; between knots linear, beyond the outer ones constant.

    Raises:
        DataError: The numbers do not fit together, or the map would turn the order of two ages round.
    """

    ages: tuple[float, ...] = ()
    shifts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        fits = len(self.ages) == len(self.shifts) and bool(np.isfinite([*self.ages, *self.shifts]).all())
        if not (
            fits and _ascends(self.ages) and _ascends(np.add(self.ages, self.shifts) if fits else (), strictly=False)
        ):
            msg = (
                "A correction must have as many finite shifts as ascending ages, and keep the order of ages; run the "
                f"stage calibrate again. Received: {self}."
            )
            raise DataError(msg)

    def apply(self, age: npt.ArrayLike) -> Floats:
        """Return corrected ages within 0..100, for predicted ages of any shape."""
        age = np.asarray(age, dtype=np.float64)
        corrected: Floats = np.clip(age + np.interp(age, self.ages, self.shifts) if self.ages else age, 0, MAX_AGE)
        return corrected

    def scaled(self, strength: float) -> "BiasCorrection":
        """Return the correction with all shifts multiplied."""
        return BiasCorrection(self.ages, tuple(strength * shift for shift in self.shifts))

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {"ages": list(self.ages), "shifts": list(self.shifts)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the correction that `to_json` wrote."""
        return cls(tuple(map(float, content["ages"])), tuple(map(float, content["shifts"])))


NO_CORRECTION = BiasCorrection()


@dataclass(frozen=True)
class CorrectionChoice:
    """A correction and what it was chosen for, measured on faces that the measured maps were not fitted on.

    Args:
        correction: To be applied.
        strength: Share of the full shift that it makes; 0 where that does not pay.
        mae: Before and after, in years.
        end_bias: Mean size of the bias of the bands at both ends, before and after, in years.
    """

    correction: BiasCorrection
    strength: float
    mae: tuple[float, float]
    end_bias: tuple[float, float]


def choose_correction(
    age: npt.ArrayLike, true_age: npt.ArrayLike, *, groups: Sequence[str], max_mae_cost: float
) -> CorrectionChoice:
    """Choose the strength that lowers the bias at the ends most while the MAE rises by at most `max_mae_cost`.

    Both are measured by five-fold cross-fitting, with folds by group, as no map may judge itself.

    Args:
        age: Predicted ages `(B,)` on rows that the model was not trained on, in years.
        true_age: Exact true ages `(B,)`.
        groups: `(B,)`; rows of one group (a person, a photograph) fall into one fold.
        max_mae_cost: Years.
    """
    age, true_age = np.clip(np.asarray(age, np.float64), 0, MAX_AGE), np.asarray(true_age, np.float64)
    fold = np.array([zlib.crc32(group.encode()) % FOLDS for group in groups])
    fitted = [full_correction(age[fold != k], true_age[fold != k]) for k in range(FOLDS)]

    def measured(strength: float) -> tuple[float, float]:
        corrected = age.copy()
        for k, correction in enumerate(fitted):
            corrected[fold == k] = correction.scaled(strength).apply(age[fold == k])
        return float(np.abs(corrected - true_age).mean()), end_bias(corrected, true_age)

    found = {float(strength): measured(float(strength)) for strength in STRENGTHS}
    plain = found[0.0]
    affordable = [strength for strength, (mae, _) in found.items() if mae <= plain[0] + max_mae_cost]
    best = min(affordable, key=lambda strength: (found[strength][1], strength))
    after = found[best]
    return CorrectionChoice(
        full_correction(age, true_age).scaled(best) if best else NO_CORRECTION,
        best,
        mae=(plain[0], after[0]),
        end_bias=(plain[1], after[1]),
    )


def full_correction(age: Floats, true_age: Floats) -> BiasCorrection:
    """Return the map that takes the mean bias from each band of true age at both ends; none where it cannot be told.

    Args:
        age: Predicted ages `(B,)`.
        true_age: Exact true ages `(B,)`.
    """
    edges = merge_thin_bands(true_age, TEN_YEARS, min_rows=MIN_ROWS)
    if not edges:
        return NO_CORRECTION
    band = np.searchsorted(edges, true_age, side="right")
    knots = [float(age[band == i].mean()) for i in range(len(edges) + 1)]
    means = [float(true_age[band == i].mean()) for i in range(len(edges) + 1)]
    limits = zip((-np.inf, *edges), (*edges, np.inf), strict=True)
    at_end = [above <= YOUNG_END or below >= OLD_END for below, above in limits]
    shifts = [true - said if end else 0.0 for true, said, end in zip(means, knots, at_end, strict=True)]
    if not (_ascends(knots) and _ascends(np.add(knots, shifts), strictly=False)):
        return NO_CORRECTION  # a model that confuses whole bands has no bias that a map could mend
    return BiasCorrection(tuple(knots), tuple(shifts))


def end_bias(age: Floats, true_age: Floats) -> float:
    """Return the mean size of the bias, in years, of the ten-year bands of true age at both ends; 0 without any."""
    band = np.searchsorted(TEN_YEARS, true_age, side="right")
    firsts = np.array([0.0, *TEN_YEARS])
    ends = [i for i in np.unique(band) if firsts[i] < YOUNG_END or firsts[i] >= OLD_END]
    return float(np.mean([abs((age - true_age)[band == i].mean()) for i in ends])) if ends else 0.0
