"""An age read out of a distribution over the years that is sharpened first, as far as it lowers the error.

A network that learns smeared labels spreads its shares wider than its errors, and the mean of a skewed distribution is
drawn to its longer tail, whereas the absolute error is least at the median. Raising the shares to a power (temperature
scaling: Guo et al. 2017, "On calibration of modern neural networks", arXiv 1706.04599) moves the mean towards the peak;
the power is learnt on validation, as the only number it is can hardly fit it too well.

Numpy only: the predictor imports this module.
"""

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.labels import MAX_AGE

Floats = npt.NDArray[np.float64]

POWERS = np.arange(1.0, 4.01, 0.25)
"""What is tried; 1 leaves a distribution as it is."""


def sharpened_age(distribution: npt.ArrayLike, power: float) -> Floats:
    """Return the mean year `(B,)` of distributions `(B, 101)` whose shares are raised to a power."""
    shares = np.asarray(distribution, dtype=np.float64)
    shares = (shares / shares.max(axis=1, keepdims=True)) ** power  # the peak is 1, so that nothing underflows to 0 / 0
    age: Floats = shares @ np.arange(MAX_AGE + 1) / shares.sum(axis=1)
    return age


def choose_power(distribution: npt.ArrayLike, true_age: npt.ArrayLike) -> float:
    """Return the smallest power of `POWERS` whose MAE is within one standard error of the lowest.

    The error hardly depends on high powers, which make ages of old people too young (the one-standard-error rule of
    Breiman et al. 1984, *Classification and Regression Trees*, section 3.4.3, on differences face by face).

    Args:
        distribution: `(B, 101)`, on rows that the model was not trained on.
        true_age: Exact true ages `(B,)`.
    """
    true_age = np.asarray(true_age, dtype=np.float64)
    errors = np.stack([np.abs(sharpened_age(distribution, power) - true_age) for power in POWERS])
    excess = errors - errors[errors.mean(axis=1).argmin()]
    standard_error = excess.std(axis=1) / np.sqrt(true_age.size)
    return float(POWERS[int((excess.mean(axis=1) <= standard_error).argmax())])
