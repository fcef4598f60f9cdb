"""A fitted calibration: it turns a model's outputs into ages and prediction intervals.

Intervals have one of two forms. With an age distribution an interval is its central part, so it is wider for a face of
which the model is less certain (Chernozhukov, Wuethrich & Zhu 2021, *Distributional conformal prediction*, PNAS 118);
it consists of whole years, as labels do. Without a distribution it extends equally far to both sides of the age. In
both forms every band of the *predicted* age has its own width (a Mondrian taxonomy): errors are about one year for
babies and ten for old people, and the predicted age is all that is known at prediction time.

Numpy only: the predictor imports this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import MAX_AGE
from agelens.models.calibration.bias import NO_CORRECTION, BiasCorrection
from agelens.models.calibration.intervals import central_shares
from agelens.models.calibration.temperature import NO_DISTRIBUTION, Statistic, predicted_age

Floats = npt.NDArray[np.float64]

MIN_HALF_WIDTH = 1.0
"""Years on each side of the age that every interval contains: no age estimate is more certain than that."""

METHODS = {"half_widths": "mondrian_split_conformal", "shares": "mondrian_distributional_conformal"}
"""Names of the two forms of intervals in the JSON file."""


@dataclass(frozen=True)
class Calibration:
    """What turns the model's outputs into an age and a prediction interval.

    Args:
        coverage: Share of faces whose true age lies inside, for example 0.9.
        edges: Years between the bands, ascending; band `i` is `edges[i - 1] <= age < edges[i]`, open at both ends.
        half_widths: Years on each side of the age, one per band: one more than there are edges.
        shares: Instead of `half_widths`, for models with an age distribution: the central share of the distribution
            that forms the interval, 0..1, one per band.
        temperature: At which the mean of the age distribution is taken; 1 uses the model's output `age`.
        statistic: Whether the predicted age is the mean or the median of the age distribution.
        min_half_width: Years on each side of the age that every interval contains, above 0.
        correction: Applied to that age.

    Raises:
        DataError: The values are inconsistent.
    """

    coverage: float
    edges: tuple[float, ...]
    half_widths: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    temperature: float = 1.0
    statistic: Statistic = "mean"
    min_half_width: float = MIN_HALF_WIDTH
    correction: BiasCorrection = NO_CORRECTION

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in zip(self.edges, self.edges[1:], strict=False))
        in_range = all(0 <= half <= MAX_AGE for half in self.half_widths) and all(0 <= s <= 1 for s in self.shares)
        one_kind = not (self.half_widths and self.shares)
        widths = self.half_widths or self.shares
        in_range = in_range and 0 < self.coverage < 1 and 0 < self.temperature <= 1
        in_range = in_range and self.statistic in get_args(Statistic) and 0 < self.min_half_width <= MAX_AGE
        if not (in_range and ascending and one_kind and len(widths) == len(self.edges) + 1):
            msg = (
                "A calibration must have a coverage between 0 and 1, ascending edges, a temperature above 0 and at "
                f"most 1, a min_half_width above 0, and either half_widths in 0..{MAX_AGE} years or shares in 0..1, "
                f"one more than edges. Run the stage calibrate again. Received: {self}."
            )
            raise DataError(msg)

    @property
    def needs_distribution(self) -> bool:
        """Whether `age` or `interval` needs the model's output `age_distribution`."""
        return bool(self.shares) or self.temperature != 1 or self.statistic == "median"

    def age(self, age: npt.ArrayLike, distribution: npt.ArrayLike | None = None) -> Floats:
        """Return calibrated ages `(B,)`, in years within 0..100.

        Args:
            age: `(B,)`, the model's output `age`.
            distribution: `(B, 101)`, softmax over the years; needed for the median and unless the temperature is 1.

        Raises:
            DataError: The distribution is needed, and there is none.
        """
        predicted = predicted_age(age, distribution, temperature=self.temperature, statistic=self.statistic)
        return self.correction.apply(predicted)

    def interval(self, age: npt.ArrayLike, distribution: npt.ArrayLike | None = None) -> tuple[Floats, Floats]:
        """Return the lower and upper ends of prediction intervals, in years within 0..100.

        Args:
            age: What the method `age` returns, of any shape; `(B,)` if the calibration has shares.
            distribution: `(B, 101)`, softmax over the years; needed for shares, otherwise ignored.

        Raises:
            DataError: The calibration has shares, and there is no distribution.
        """
        age = np.asarray(age, dtype=np.float64)
        band = np.searchsorted(self.edges, age, side="right")
        if not self.shares:
            half = np.maximum(np.array(self.half_widths)[band], self.min_half_width)
            return np.clip(age - half, 0, MAX_AGE), np.clip(age + half, 0, MAX_AGE)
        if distribution is None:
            raise DataError(NO_DISTRIBUTION)
        needed = central_shares(distribution)
        inside = needed <= np.maximum(np.array(self.shares)[band], needed.min(axis=1, initial=1.0))[:, None]
        first, last = inside.argmax(axis=1), MAX_AGE - inside[:, ::-1].argmax(axis=1)
        # The mean of a skewed distribution may lie outside its central part; an interval always contains its age.
        # A distribution with one high peak would give an interval without a width.
        low, high = np.minimum(first, age - self.min_half_width), np.maximum(last, age + self.min_half_width)
        return np.clip(low, 0, MAX_AGE), np.clip(high, 0, MAX_AGE)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        kind = "shares" if self.shares else "half_widths"
        return {
            "method": METHODS[kind],
            "coverage": self.coverage,
            "edges": list(self.edges),
            kind: list(getattr(self, kind)),
            "temperature": self.temperature,
            "statistic": self.statistic,
            "min_half_width": self.min_half_width,
            "correction": self.correction.to_json(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Calibration":
        """Return the calibration that `to_json` wrote.

        Older files lack some of these, or hold `power`, the temperature's reciprocal.

        Raises:
            DataError: A key is missing, a value is not a number, or the method is unknown.
        """
        kind = {method: kind for kind, method in METHODS.items()}.get(content.get("method", ""))
        if kind is None:
            msg = (
                f"The method of a calibration must be one of {', '.join(METHODS.values())}. Run the stage calibrate "
                f"again. Received: {dict(content)}."
            )
            raise DataError(msg)
        correction = content.get("correction")
        try:
            return cls(
                coverage=float(content["coverage"]),
                edges=tuple(float(edge) for edge in content["edges"]),
                temperature=float(content.get("temperature", 1 / content.get("power", 1.0))),
                statistic=content.get("statistic", "mean"),
                min_half_width=float(content.get("min_half_width") or MIN_HALF_WIDTH),
                correction=NO_CORRECTION if correction is None else BiasCorrection.from_json(correction),
                **{kind: tuple(float(width) for width in content[kind])},
            )
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            msg = (
                f"A calibration must hold the numbers coverage, edges, {kind} and those of its correction. Run the "
                f"stage calibrate again. Received: {dict(content)}."
            )
            raise DataError(msg) from error
