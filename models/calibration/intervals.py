"""Honest ages: how far the predicted age may lie from the true one, learnt on the validation split.

Split conformal prediction (Vovk, Gammerman & Shafer 2005, *Algorithmic Learning in a Random World*; Angelopoulos &
Bates 2021, *A Gentle Introduction to Conformal Prediction*, arXiv 2107.07511, sections 1 and 4.1): whatever the model
is, a new face lies inside with at least the wanted probability, if the faces that the widths are learnt on are like it
and had no part in the model. Here they had a small one: the same validation rows chose the head, the epoch and the
learning rate, and a person may be there more than once, so the promise is slightly optimistic. How many true ages lie
inside is therefore measured on the test split and reported.

Where the model has a distribution over the years, an interval is its middle part, as wide as that face is uncertain
(Chernozhukov, Wuethrich & Zhu 2021, *Distributional conformal prediction*, PNAS 118): what is learnt is how large a
part. It is made of whole years, as labels are. Without a distribution it reaches equally far to both sides of the age.

Each band of the *predicted* age has its own width (a Mondrian taxonomy), because a model errs by one year on babies
and by ten on the old, and the predicted age is all that is known when the model serves. Shares differ less between
bands than years do, so a band learns its share from its neighbours' faces, too, at half the weight (Barber, Candes,
Ramdas & Tibshirani 2023, *Conformal prediction beyond exchangeability*): alone it may have too few to be sure.

Numpy only: the predictor imports this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import MAX_AGE
from agelens.models.calibration.age_bands import TEN_YEARS, merge_thin_bands
from agelens.models.calibration.bias import NO_CORRECTION, BiasCorrection
from agelens.models.calibration.temperature import sharpened_age

Floats = npt.NDArray[np.float64]

METHODS = {"half_widths": "mondrian_split_conformal", "shares": "mondrian_distributional_conformal"}
"""Names of the two kinds of intervals, as the JSON has them."""


NO_DISTRIBUTION = (
    "The calibration is made for the output age_distribution, which the model lacks; run the stage calibrate again."
)

NEIGHBOUR_WEIGHT = 0.5
"""Of the rows of the two bands beside a band, where shares are learnt. In 60 halvings of a validation split it raised
the worst band's coverage on the other half from 85.6 to 87.4 %, at the same median width."""


def label_errors(age: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> Floats:
    """Return by how many years each predicted age misses its label `low..high`: plain |error| where the age is exact.

    It is 0 inside the interval, else the distance to the nearer end. All arrays are `(B,)`, in years.
    """
    age, low, high = (np.asarray(years, dtype=np.float64) for years in (age, low, high))
    return np.maximum(np.maximum(low - age, age - high), 0.0)


def middle_shares(distribution: npt.ArrayLike) -> Floats:
    """Return how large a middle part of each distribution must be to hold each year.

    It is |2 F - 1| for the cumulative share F up to the middle of a year: 0 at the median, 1 at both ends.

    Args:
        distribution: `(B, 101)`, shares of the years 0..100.
    """
    shares = np.asarray(distribution, dtype=np.float64)
    shares = shares / shares.sum(axis=1, keepdims=True)
    needed: Floats = np.abs(2 * (shares.cumsum(axis=1) - shares / 2) - 1)
    return needed


def read_age(age: npt.ArrayLike, distribution: npt.ArrayLike | None, *, power: float) -> Floats:
    """Return ages `(B,)` as the model says them, or read out of its distributions `(B, 101)` where there is a power.

    Raises:
        DataError: The power is not 1, and there is no distribution.
    """
    if power == 1:
        return np.asarray(age, dtype=np.float64)
    if distribution is None:
        raise DataError(NO_DISTRIBUTION)
    return sharpened_age(distribution, power)


@dataclass(frozen=True)
class Calibration:
    """What turns the model's answer into an age and an interval.

    Args:
        coverage: Share of faces whose true age lies inside, for example 0.9.
        edges: Years between the bands, ascending; band `i` is `edges[i - 1] <= age < edges[i]`, open at both ends.
        half_widths: Years on each side of the age, one per band: one more than there are edges.
        shares: In their place, where the model has a distribution: the middle part of it that is the interval, 0..1.
        power: Of the shares of the model's distribution, when the age is read out of it; 1 takes the model's own age.
        correction: Applied to that age.

    Raises:
        DataError: The values do not fit together.
    """

    coverage: float
    edges: tuple[float, ...]
    half_widths: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    power: float = 1.0
    correction: BiasCorrection = NO_CORRECTION

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in zip(self.edges, self.edges[1:], strict=False))
        in_range = all(0 <= half <= MAX_AGE for half in self.half_widths) and all(0 <= s <= 1 for s in self.shares)
        one_kind = not (self.half_widths and self.shares)
        widths = self.half_widths or self.shares
        in_range = in_range and 0 < self.coverage < 1 and 1 <= self.power < np.inf
        if not (in_range and ascending and one_kind and len(widths) == len(self.edges) + 1):
            msg = (
                "A calibration must have a coverage between 0 and 1, ascending edges, a power of at least 1, and one "
                f"of half_widths in 0..{MAX_AGE} years or of shares in 0..1 more than edges; run the stage calibrate "
                f"again. Received: {self}."
            )
            raise DataError(msg)

    def age(self, age: npt.ArrayLike, distribution: npt.ArrayLike | None = None) -> Floats:
        """Return the ages `(B,)` that are said, in years within 0..100.

        Args:
            age: `(B,)`, as the model says them.
            distribution: `(B, 101)`, softmax over the years; needed for a power other than 1, else left alone.

        Raises:
            DataError: There is a power, and no distribution.
        """
        return self.correction.apply(read_age(age, distribution, power=self.power))

    def interval(self, age: npt.ArrayLike, distribution: npt.ArrayLike | None = None) -> tuple[Floats, Floats]:
        """Return the lower and upper ends, in years within 0..100.

        Args:
            age: What the method `age` returns, of any shape; `(B,)` where the intervals are shares.
            distribution: `(B, 101)`, softmax over the years; needed for shares, else left alone.

        Raises:
            DataError: The intervals are shares of a distribution, and there is none.
        """
        age = np.asarray(age, dtype=np.float64)
        band = np.searchsorted(self.edges, age, side="right")
        if not self.shares:
            half = np.array(self.half_widths)[band]
            return np.clip(age - half, 0, MAX_AGE), np.clip(age + half, 0, MAX_AGE)
        if distribution is None:
            raise DataError(NO_DISTRIBUTION)
        needed = middle_shares(distribution)
        inside = needed <= np.maximum(np.array(self.shares)[band], needed.min(axis=1, initial=1.0))[:, None]
        first, last = inside.argmax(axis=1), MAX_AGE - inside[:, ::-1].argmax(axis=1)
        # The expectation of a skewed distribution may lie outside its middle; an age is never outside its interval.
        return np.minimum(first, age), np.maximum(last, age)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        kind = "shares" if self.shares else "half_widths"
        return {
            "method": METHODS[kind],
            "coverage": self.coverage,
            "edges": list(self.edges),
            kind: list(getattr(self, kind)),
            "power": self.power,
            "correction": self.correction.to_json(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Calibration":
        """Return the calibration that `to_json` wrote.

        Raises:
            DataError: A key is missing, a value is no number, or the method is another one.
        """
        kind = {method: kind for kind, method in METHODS.items()}.get(content.get("method", ""))
        if kind is None:
            msg = (
                f"A calibration must be made by one of {', '.join(METHODS.values())}; run the stage calibrate again. "
                f"Received: {dict(content)}."
            )
            raise DataError(msg)
        correction = content.get("correction")  # models of before there was one lack it
        try:
            return cls(
                coverage=float(content["coverage"]),
                edges=tuple(float(edge) for edge in content["edges"]),
                power=float(content.get("power", 1.0)),  # likewise
                correction=NO_CORRECTION if correction is None else BiasCorrection.from_json(correction),
                **{kind: tuple(float(width) for width in content[kind])},
            )
        except (KeyError, TypeError, ValueError) as error:
            msg = (
                f"A calibration must hold the numbers coverage, edges, {kind} and those of its correction; run the "
                f"stage calibrate again. Received: {dict(content)}."
            )
            raise DataError(msg) from error


def fit_intervals(
    age: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    distribution: npt.ArrayLike | None = None,
    power: float = 1.0,
    correction: BiasCorrection = NO_CORRECTION,
    coverage: float = 0.9,
    edges: Sequence[float] = TEN_YEARS,
    min_rows: int = 100,
) -> Calibration:
    """Learn the widths from predictions on faces that the model was not trained on.

    Labels that span years miss by less than exact ones. Where both occur, give the exact rows alone: the promise is
    about exact ages, and spans would make the intervals too narrow for them.

    Args:
        age: Ages `(B,)` as the model says them, in years.
        low: Lowest true age `(B,)` that each label allows.
        high: Highest true age `(B,)`, equal to `low` where the age is exact.
        distribution: `(B, 101)`, softmax over the years, where the model has one.
        power: Of the shares that ages are read from; becomes a part of the calibration, as does the next.
        correction: What is applied to the ages.
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
    age = correction.apply(read_age(age, distribution, power=power))
    kept = merge_thin_bands(age, edges, min_rows=min_rows)
    band = np.searchsorted(kept, age, side="right")
    if distribution is None:
        kind, errors, limit, beside = "half_widths", label_errors(age, low, high), float(MAX_AGE), 0.0
    else:
        kind, errors, limit, beside = "shares", _needed_shares(distribution, low, high), 1.0, NEIGHBOUR_WEIGHT
    apart = [np.abs(band - i) for i in range(len(kept) + 1)]
    weights = [np.select([away == 0, away == 1], [1.0, beside]) for away in apart]
    widths = tuple(conformal_quantile(errors, coverage, weights=each, limit=limit) for each in weights)
    return Calibration(coverage=coverage, edges=kept, power=power, correction=correction, **{kind: widths})


def _needed_shares(distribution: npt.ArrayLike, low: Floats, high: Floats) -> Floats:
    """Return the middle part `(B,)` of each distribution that holds the label, or the nearest year of its span."""
    needed, rows = middle_shares(distribution), np.arange(len(low))
    years = np.arange(MAX_AGE + 1)
    within = (years >= np.floor(low)[:, None]) & (years <= np.ceil(high)[:, None])
    nearest: Floats = np.where(within, needed, np.inf).min(axis=1)
    # An exact age between two years is inside when both of them are.
    exact: Floats = np.maximum(needed[rows, np.floor(low).astype(int)], needed[rows, np.ceil(low).astype(int)])
    return np.where(low == high, exact, nearest)


def conformal_quantile(
    errors: Floats, coverage: float, *, weights: Floats | None = None, limit: float = float(MAX_AGE)
) -> float:
    """Return the smallest error that, with all smaller ones, holds the wanted share, or `limit` where none does.

    That is the ceil((n + 1) * coverage)-th smallest of n errors of equal weight. The `+ 1` counts the new face among
    the n known ones: it is what makes the promise hold for finite n (Angelopoulos & Bates 2021, section 1 and appendix
    D).
    """
    weights = np.ones(errors.size) if weights is None else weights
    order = np.argsort(errors, kind="stable")
    # 100 * 0.55 is 55.00000000000001 in floats, which would cost a rank.
    held = weights[order].cumsum() >= round((weights.sum() + 1) * coverage, 9)
    return float(errors[order][held.argmax()]) if held.any() else limit
