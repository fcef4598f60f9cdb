"""Honest intervals: how far from the predicted age the true one may lie, learnt on the validation split.

Split conformal prediction (Vovk, Gammerman & Shafer 2005, *Algorithmic Learning in a Random World*; Angelopoulos &
Bates 2021, *A Gentle Introduction to Conformal Prediction*, arXiv 2107.07511, sections 1 and 4.1): whatever the model
is, a new face lies inside with at least the wanted probability, if the faces that the widths are learnt on are like it
and had no part in the model. Here they had a small one: the same validation rows chose the head, the epoch and the
learning rate, and a person may be there more than once, so the promise is slightly optimistic. How many true ages lie
inside is therefore measured on the test split and reported.

Each band of the *predicted* age has its own width (a Mondrian taxonomy), because a model errs by one year on babies
and by ten on the old, and the predicted age is all that is known when the model serves.

Numpy only: the predictor imports this module.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data_prep.errors import DataError
from data_prep.labels import MAX_AGE

Floats = npt.NDArray[np.float64]

METHOD = "mondrian_split_conformal"
"""Written into the JSON, so that a later method (one that also corrects a bias, say) is told apart from this one."""

TEN_YEARS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
"""Edges of the bands 0-9, 10-19 ... 90+."""


def label_errors(age: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> Floats:
    """Return by how many years each predicted age misses its label `low..high`: plain |error| where the age is exact.

    It is 0 inside the interval, else the distance to the nearer end. All arrays are `(B,)`, in years.
    """
    age, low, high = (np.asarray(years, dtype=np.float64) for years in (age, low, high))
    return np.maximum(np.maximum(low - age, age - high), 0.0)


@dataclass(frozen=True)
class Calibration:
    """Half widths of the intervals, by band of the predicted age.

    Args:
        coverage: Share of faces whose true age lies inside, for example 0.9.
        edges: Years between the bands, ascending; band `i` is `edges[i - 1] <= age < edges[i]`, open at both ends.
        half_widths: Years on each side of the predicted age, one per band: one more than there are edges.

    Raises:
        DataError: The values do not fit together.
    """

    coverage: float
    edges: tuple[float, ...]
    half_widths: tuple[float, ...]

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in zip(self.edges, self.edges[1:], strict=False))
        in_range = all(0 <= half <= MAX_AGE for half in self.half_widths)
        if not (0 < self.coverage < 1 and ascending and in_range and len(self.half_widths) == len(self.edges) + 1):
            msg = (
                "A calibration must have a coverage between 0 and 1, ascending edges, and one half width of "
                f"0..{MAX_AGE} years more than edges; run the stage calibrate again. Received: {self}."
            )
            raise DataError(msg)

    def interval(self, age: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return the lower and upper ends, in years within 0..100, around predicted ages of any shape."""
        age = np.asarray(age, dtype=np.float64)
        half = np.array(self.half_widths)[np.searchsorted(self.edges, age, side="right")]
        return np.clip(age - half, 0, MAX_AGE), np.clip(age + half, 0, MAX_AGE)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "method": METHOD,
            "coverage": self.coverage,
            "edges": list(self.edges),
            "half_widths": list(self.half_widths),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Calibration":
        """Return the calibration that `to_json` wrote.

        Raises:
            DataError: A key is missing, a value is no number, or the method is another one.
        """
        if content.get("method") != METHOD:
            msg = f"A calibration must be made by {METHOD}; run the stage calibrate again. Received: {dict(content)}."
            raise DataError(msg)
        try:
            return cls(
                coverage=float(content["coverage"]),
                edges=tuple(float(edge) for edge in content["edges"]),
                half_widths=tuple(float(half) for half in content["half_widths"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            msg = (
                "A calibration must hold the numbers coverage, edges and half_widths; run the stage calibrate again. "
                f"Received: {dict(content)}."
            )
            raise DataError(msg) from error


def fit_intervals(
    age: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    coverage: float = 0.9,
    edges: Sequence[float] = TEN_YEARS,
    min_rows: int = 50,
) -> Calibration:
    """Learn the half widths from predictions on faces that the model was not trained on.

    Labels that span years miss by less than exact ones. Where both occur, give the exact rows alone: the promise is
    about exact ages, and spans would make the intervals too narrow for them.

    Args:
        age: Predicted ages `(B,)`, in years.
        low: Lowest true age `(B,)` that each label allows.
        high: Highest true age `(B,)`, equal to `low` where the age is exact.
        coverage: Wanted share of true ages inside.
        edges: Years between the bands of predicted age.
        min_rows: A band with fewer rows is merged into the thinner of its neighbours.

    Raises:
        DataError: There is no row, the arrays differ in length, or a value is not finite.
    """
    age, low, high = (np.asarray(years, dtype=np.float64) for years in (age, low, high))
    fits = age.ndim == 1 and age.shape == low.shape == high.shape and age.size > 0
    if not fits or not np.isfinite([age, low, high]).all():
        msg = (
            "Intervals are learnt from at least one row of finite predicted, lowest and highest ages; check the "
            f"predictions on the validation split. Received shapes: {age.shape}, {low.shape}, {high.shape}."
        )
        raise DataError(msg)
    age = np.clip(age, 0, MAX_AGE)
    errors = label_errors(age, low, high)
    kept = _merge_thin_bands(age, edges, min_rows=min_rows)
    band = np.searchsorted(kept, age, side="right")
    half_widths = tuple(conformal_quantile(errors[band == i], coverage) for i in range(len(kept) + 1))
    return Calibration(coverage=coverage, edges=kept, half_widths=half_widths)


def conformal_quantile(errors: Floats, coverage: float) -> float:
    """Return the ceil((n + 1) * coverage)-th smallest of n errors, or 100 years where n is too small to promise less.

    The `+ 1` counts the new face among the n known ones: that is what makes the promise hold for finite n
    (Angelopoulos & Bates 2021, section 1 and appendix D).
    """
    # 100 * 0.55 is 55.00000000000001 in floats, whose ceiling would be one rank too high.
    rank = math.ceil(round((errors.size + 1) * coverage, 9))
    return float(np.sort(errors)[rank - 1]) if rank <= errors.size else float(MAX_AGE)


def _merge_thin_bands(age: Floats, edges: Sequence[float], *, min_rows: int) -> tuple[float, ...]:
    """Return the edges that are left once every band has at least `min_rows` rows, or no edge is left."""
    kept = [float(edge) for edge in edges]
    while kept:
        counts = np.bincount(np.searchsorted(kept, age, side="right"), minlength=len(kept) + 1).tolist()
        thinnest = counts.index(min(counts))
        if counts[thinnest] >= min_rows:
            break
        before = counts[thinnest - 1] if thinnest > 0 else math.inf
        after = counts[thinnest + 1] if thinnest < len(kept) else math.inf
        del kept[thinnest - 1 if before <= after else thinnest]
    return tuple(kept)
