"""Temperature scaling of age distributions, chosen for the lowest error of the mean age.

A network trained on smoothed labels predicts distributions that are wider than its errors, and the mean of a skewed
distribution lies towards its longer tail, whereas the absolute error is smallest at the median. A temperature T below 1
(probabilities to the power 1 / T, then normalised; Guo et al. 2017, "On calibration of modern neural networks", arXiv
1706.04599) moves the mean towards the peak. It is a single number, so the validation split is enough to choose it.

Numpy only: the predictor imports this module.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import MAX_AGE

Floats = npt.NDArray[np.float64]

TEMPERATURES = 1 / np.arange(1.0, 4.01, 0.25)
"""The candidates, from 1 (no change) down to 1/4: reciprocals of equally spaced powers."""

Statistic = Literal["mean", "median"]

NO_DISTRIBUTION = (
    "The calibration needs the output age_distribution, which the model does not have. Run the stage calibrate again."
)


def mean_age(distribution: npt.ArrayLike, *, temperature: float) -> Floats:
    """Return the mean age `(B,)` in years of age distributions `(B, 101)` at a temperature."""
    shares = np.asarray(distribution, dtype=np.float64)
    # Divided by the peak, so that at least one share is 1 and the sum cannot underflow to 0.
    shares = (shares / shares.max(axis=1, keepdims=True)) ** (1 / temperature)
    age: Floats = shares @ np.arange(MAX_AGE + 1) / shares.sum(axis=1)
    return age


def median_age(distribution: npt.ArrayLike) -> Floats:
    """Return the median `(B,)` in years of age distributions `(B, 101)`, interpolated inside its year.

    The share of year k is spread evenly from k - 0.5 to k + 0.5. The absolute error is smallest at the median; the mean
    of a wide, skewed distribution lies towards its longer tail.
    """
    shares = np.asarray(distribution, dtype=np.float64)
    shares = shares / shares.sum(axis=1, keepdims=True)
    cumulative = shares.cumsum(axis=1)
    year = np.minimum((cumulative < 0.5).sum(axis=1), MAX_AGE)
    rows = np.arange(len(shares))
    below = cumulative[rows, year] - shares[rows, year]
    inside = (0.5 - below) / np.maximum(shares[rows, year], 1e-12)
    median: Floats = np.clip(year - 0.5 + np.clip(inside, 0, 1), 0, MAX_AGE)
    return median


def predicted_age(
    age: npt.ArrayLike,
    distribution: npt.ArrayLike | None,
    *,
    temperature: float = 1.0,
    statistic: Statistic = "mean",
) -> Floats:
    """Return ages `(B,)` before the bias correction, in years.

    Args:
        age: `(B,)`, the model's output `age`; returned unchanged as the mean at temperature 1.
        distribution: `(B, 101)`, the model's output `age_distribution`, if it has one.
        temperature: At which the mean of the distribution is taken; the median is taken at temperature 1.
        statistic: Which statistic of the distribution is the predicted age.

    Raises:
        DataError: The median or a temperature other than 1 is asked for, and there is no distribution.
    """
    if statistic == "median":
        if distribution is None:
            raise DataError(NO_DISTRIBUTION)
        return median_age(distribution)
    if temperature == 1:
        return np.asarray(age, dtype=np.float64)
    if distribution is None:
        raise DataError(NO_DISTRIBUTION)
    return mean_age(distribution, temperature=temperature)


def choose_temperature(distribution: npt.ArrayLike, true_age: npt.ArrayLike) -> float:
    """Return the highest of `TEMPERATURES` whose MAE is within one standard error of the lowest MAE.

    The MAE changes little at low temperatures, which make ages of old people too low. Hence the one-standard-error rule
    (Breiman et al. 1984, *Classification and Regression Trees*, section 3.4.3), here on paired differences per face.

    Args:
        distribution: `(B, 101)`, of rows that the model was not trained on.
        true_age: Exact true ages `(B,)`, in years.
    """
    true_age = np.asarray(true_age, dtype=np.float64)
    errors = np.stack([np.abs(mean_age(distribution, temperature=float(t)) - true_age) for t in TEMPERATURES])
    excess = errors - errors[errors.mean(axis=1).argmin()]
    standard_error = excess.std(axis=1) / np.sqrt(true_age.size)
    return float(TEMPERATURES[int((excess.mean(axis=1) <= standard_error).argmax())])
