"""Correction of the bias of predicted ages at both ends of the range.

A network that minimises an error predicts something like the mean age of the faces that look alike, so it predicts too
high ages for the young and too low ages for the old. Removing that bias completely raises the MAE, because few faces
are that old. The full shift, which centres every band of *true* age, is therefore multiplied by a strength in 0..1
that is limited by how much the MAE may rise.

Numpy only: the predictor imports this module.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.age_bands import TEN_YEARS
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import MAX_AGE
from agelens.models.calibration.age_bands import merge_thin_bands

Floats = npt.NDArray[np.float64]

YOUNG_END, OLD_END = 10.0, 60.0
"""Bands of true age below the first and from the second on are corrected; between them the shift is 0."""

MIN_BAND_ROWS = 30
"""Rows of a band whose mean error is used; thinner bands are merged."""

STRENGTHS = np.linspace(0, 1, 21)

CROSS_FITTING_FOLDS = 5


def _is_ascending(values: Sequence[float] | Floats, *, strictly: bool = True) -> bool:
    steps = np.diff(values)
    return bool((steps > 0).all() if strictly else (steps >= 0).all())


@dataclass(frozen=True)
class BiasCorrection:
    """A piecewise linear map of predicted ages; the identity if it has no knots.

    Args:
        ages: Predicted ages of the knots in years, ascending.
        shifts: Years to add at each knot; linear between knots, constant beyond the outer ones.

    Raises:
        DataError: The numbers are inconsistent, or the map would reverse the order of two ages.
    """

    ages: tuple[float, ...] = ()
    shifts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        fits = len(self.ages) == len(self.shifts) and bool(np.isfinite([*self.ages, *self.shifts]).all())
        corrected = np.add(self.ages, self.shifts) if fits else ()
        if not (fits and _is_ascending(self.ages) and _is_ascending(corrected, strictly=False)):
            msg = (
                "A bias correction must have as many finite shifts as ascending ages, and keep the order of ages. Run "
                f"the stage calibrate again. Received: {self}."
            )
            raise DataError(msg)

    def apply(self, age: npt.ArrayLike) -> Floats:
        """Return corrected ages within 0..100, for predicted ages of any shape."""
        age = np.asarray(age, dtype=np.float64)
        corrected: Floats = np.clip(age + np.interp(age, self.ages, self.shifts) if self.ages else age, 0, MAX_AGE)
        return corrected

    def scaled(self, strength: float) -> "BiasCorrection":
        """Return the correction with all shifts multiplied by `strength`."""
        return BiasCorrection(self.ages, tuple(strength * shift for shift in self.shifts))

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {"ages": list(self.ages), "shifts": list(self.shifts)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the correction that `to_json` wrote."""
        return cls(tuple(map(float, content["ages"])), tuple(map(float, content["shifts"])))


NO_CORRECTION = BiasCorrection()


@dataclass(frozen=True)
class CorrectionChoice:
    """A correction and its effect, measured by cross-fitting.

    Args:
        correction: Fitted on all rows.
        strength: Share of the full shift; 0 if no correction is worth its cost.
        mae: Before and after, in years.
        end_bias: Mean absolute bias of the bands at both ends, before and after, in years.
    """

    correction: BiasCorrection
    strength: float
    mae: tuple[float, float]
    end_bias: tuple[float, float]


def choose_correction(
    age: npt.ArrayLike, true_age: npt.ArrayLike, *, groups: Sequence[str], max_mae_cost: float
) -> CorrectionChoice:
    """Choose the strength with the lowest bias at both ends whose MAE rises by at most `max_mae_cost`.

    Both are measured by five-fold cross-fitting: each fold is corrected by a map fitted on the other folds.

    Args:
        age: Predicted ages `(B,)` of rows that the model was not trained on, in years.
        true_age: Exact true ages `(B,)`.
        groups: `(B,)`; rows of one group (a person, a photo) belong to one fold.
        max_mae_cost: In years.
    """
    age, true_age = np.clip(np.asarray(age, np.float64), 0, MAX_AGE), np.asarray(true_age, np.float64)
    fold = np.array([zlib.crc32(group.encode()) % CROSS_FITTING_FOLDS for group in groups])
    fitted = [full_correction(age[fold != k], true_age[fold != k]) for k in range(CROSS_FITTING_FOLDS)]

    def measure(strength: float) -> tuple[float, float]:
        corrected = age.copy()
        for k, correction in enumerate(fitted):
            corrected[fold == k] = correction.scaled(strength).apply(age[fold == k])
        return float(np.abs(corrected - true_age).mean()), end_bias(corrected, true_age)

    measured = {float(strength): measure(float(strength)) for strength in STRENGTHS}
    plain = measured[0.0]
    affordable = [strength for strength, (mae, _) in measured.items() if mae <= plain[0] + max_mae_cost]
    best = min(affordable, key=lambda strength: (measured[strength][1], strength))
    after = measured[best]
    return CorrectionChoice(
        full_correction(age, true_age).scaled(best) if best else NO_CORRECTION,
        best,
        mae=(plain[0], after[0]),
        end_bias=(plain[1], after[1]),
    )


def full_correction(age: Floats, true_age: Floats) -> BiasCorrection:
    """Return the map that removes the mean bias of each band of true age at both ends.

    It is the identity where there are too few rows, or where the predictions do not follow the order of the bands.

    Args:
        age: Predicted ages `(B,)`, in years.
        true_age: Exact true ages `(B,)`, in years.
    """
    edges = merge_thin_bands(true_age, TEN_YEARS, min_rows=MIN_BAND_ROWS)
    if not edges:
        return NO_CORRECTION
    band = np.searchsorted(edges, true_age, side="right")
    knots = [float(age[band == i].mean()) for i in range(len(edges) + 1)]
    means = [float(true_age[band == i].mean()) for i in range(len(edges) + 1)]
    limits = zip((-np.inf, *edges), (*edges, np.inf), strict=True)
    at_end = [above <= YOUNG_END or below >= OLD_END for below, above in limits]
    shifts = [true - knot if end else 0.0 for true, knot, end in zip(means, knots, at_end, strict=True)]
    if not (_is_ascending(knots) and _is_ascending(np.add(knots, shifts), strictly=False)):
        return NO_CORRECTION
    return BiasCorrection(tuple(knots), tuple(shifts))


def end_bias(age: Floats, true_age: Floats) -> float:
    """Return the mean absolute bias, in years, of the ten-year bands of true age at both ends; 0 if they are empty."""
    band = np.searchsorted(TEN_YEARS, true_age, side="right")
    firsts = np.array([0.0, *TEN_YEARS])
    ends = [i for i in np.unique(band) if firsts[i] < YOUNG_END or firsts[i] >= OLD_END]
    return float(np.mean([abs((age - true_age)[band == i].mean()) for i in ends])) if ends else 0.0
