"""The calibration as operations of a Keras graph, so that exported files return calibrated years.

It computes what `agelens.models.calibration.calibration.Calibration` computes in Python, in float32, and only with
operations that all export formats have. All tensors are `(B, 1)` or `(B, 101)`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import MAX_AGE
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.calibration import Calibration
from agelens.models.calibration.temperature import NO_DISTRIBUTION

YEARS = np.arange(MAX_AGE + 1, dtype=np.float32)[None]
"""`(1, 101)`."""


def calibrated_age(age: Any, distribution: Any | None, calibration: Calibration) -> Any:
    """Return calibrated ages `(B, 1)` in years; see `Calibration.age`.

    Args:
        age: `(B, 1)`, the network's output `age`. It is not used if there is a distribution, whose mean it is: runtimes
            that compute in half precision would round a product of matrices to a quarter of a year.
        distribution: `(B, 101)`, softmax over the years, or None.
        calibration: The calibration.

    Raises:
        DataError: The calibration needs the distribution, and there is none.
    """
    if distribution is None:
        if calibration.needs_distribution:
            raise DataError(NO_DISTRIBUTION)
        predicted = age
    elif calibration.statistic == "median":
        predicted = _median(distribution)
    else:
        predicted = _mean(distribution, temperature=calibration.temperature)
    return _corrected(predicted, calibration.correction)


def interval_ends(age: Any, distribution: Any | None, calibration: Calibration) -> tuple[Any, Any]:
    """Return the lower and upper ends `(B, 1)` of prediction intervals in years; see `Calibration.interval`.

    Args:
        age: `(B, 1)`, what `calibrated_age` returns.
        distribution: `(B, 101)`, softmax over the years; needed if the calibration has shares.
        calibration: The calibration.

    Raises:
        DataError: The calibration needs the distribution, and there is none.
    """
    least = calibration.min_half_width
    if not calibration.shares:
        half = ops.maximum(_steps(age, calibration.edges, calibration.half_widths), least)
        return _clip(ops.subtract(age, half)), _clip(ops.add(age, half))
    if distribution is None:
        raise DataError(NO_DISTRIBUTION)
    shares = _normalised(distribution)
    middles = ops.subtract(ops.cumsum(shares, axis=1), ops.multiply(shares, 0.5))
    needed = ops.absolute(ops.subtract(ops.multiply(middles, 2.0), 1.0))
    limit = ops.maximum(_steps(age, calibration.edges, calibration.shares), ops.min(needed, axis=1, keepdims=True))
    outside = ops.cast(ops.greater(needed, limit), "float32")
    # Years outside are moved beyond the range instead of being selected by their index.
    first = ops.min(ops.add(ops.multiply(outside, float(MAX_AGE)), YEARS), axis=1, keepdims=True)
    last = ops.max(ops.add(ops.multiply(outside, -float(MAX_AGE)), YEARS), axis=1, keepdims=True)
    low, high = ops.minimum(first, ops.subtract(age, least)), ops.maximum(last, ops.add(age, least))
    return _clip(low), _clip(high)


def group_of_age(age: Any, first_ages: tuple[int, ...]) -> Any:
    """Return the index `int32 (B, 1)` of the age group that contains each age `(B, 1)`; see `AgeGroups.of_ages`."""
    return ops.cast(_count_reached(age, first_ages[1:], np.ones(len(first_ages) - 1)), "int32")


def _normalised(distribution: Any) -> Any:
    return ops.divide(distribution, ops.sum(distribution, axis=1, keepdims=True))


def _mean(distribution: Any, *, temperature: float) -> Any:
    if temperature == 1:
        return ops.sum(ops.multiply(distribution, YEARS), axis=1, keepdims=True)
    # Divided by the peak, so that at least one share is 1 and the sum cannot underflow to 0.
    peaked = ops.divide(distribution, ops.max(distribution, axis=1, keepdims=True))
    shares = ops.power(peaked, 1 / temperature)
    weighted = ops.sum(ops.multiply(shares, YEARS), axis=1, keepdims=True)
    return ops.divide(weighted, ops.sum(shares, axis=1, keepdims=True))


def _median(distribution: Any) -> Any:
    shares = _normalised(distribution)
    cumulative = ops.cumsum(shares, axis=1)
    reached = ops.sum(ops.cast(ops.less(cumulative, 0.5), "float32"), axis=1, keepdims=True)
    year = ops.minimum(reached, float(MAX_AGE))
    chosen = ops.cast(ops.equal(year, YEARS), "float32")
    share = ops.sum(ops.multiply(chosen, shares), axis=1, keepdims=True)
    below = ops.sum(ops.multiply(chosen, ops.subtract(cumulative, shares)), axis=1, keepdims=True)
    inside = ops.divide(ops.subtract(0.5, below), ops.maximum(share, 1e-12))
    fraction = ops.minimum(ops.maximum(inside, 0.0), 1.0)
    return _clip(ops.add(year, ops.subtract(fraction, 0.5)))


def _corrected(age: Any, correction: BiasCorrection) -> Any:
    """Return ages plus the piecewise linear shift, as a sum of ramps between the knots."""
    if not correction.ages:
        return _clip(age)
    shifted = ops.add(age, float(correction.shifts[0]))
    if len(correction.ages) > 1:
        knots, widths = _row(correction.ages[:-1]), _row(np.diff(correction.ages))
        slopes = _row(np.diff(correction.shifts) / np.diff(correction.ages))
        risen = ops.minimum(ops.maximum(ops.subtract(age, knots), 0.0), widths)
        shifted = ops.add(shifted, ops.sum(ops.multiply(risen, slopes), axis=1, keepdims=True))
    return _clip(shifted)


def _steps(age: Any, edges: tuple[float, ...], values: tuple[float, ...]) -> Any:
    """Return the value of the band of each age `(B, 1)`; bands are divided by ascending edges."""
    return ops.add(_count_reached(age, edges, np.diff(values)), float(values[0]))


def _count_reached(age: Any, edges: tuple[float, ...], weights: npt.ArrayLike) -> Any:
    """Return the sum `(B, 1)` of the weights of all edges that an age has reached."""
    if not edges:
        return ops.multiply(age, 0.0)
    reached = ops.cast(ops.greater_equal(age, _row(edges)), "float32")
    return ops.sum(ops.multiply(reached, _row(weights)), axis=1, keepdims=True)


def _clip(age: Any) -> Any:
    return ops.minimum(ops.maximum(age, 0.0), float(MAX_AGE))


def _row(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)[None]
