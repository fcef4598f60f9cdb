"""Bootstrap confidence intervals of a mean."""

import numpy as np
import numpy.typing as npt

BLOCK_VALUES = 2_000_000
"""Values that are drawn at once, to limit memory: all draws of 1000 resamples of 100,000 values take 800 MB."""


def bootstrap_interval(
    values: npt.ArrayLike, *, seed: int = 0, resamples: int = 1000, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of values (Efron & Tibshirani 1993, chapter 13).

    Args:
        values: `(B,)`.
        seed: Of the draws.
        resamples: Number of bootstrap samples.
        confidence: Of the interval.

    Returns:
        Lower and upper end; both NaN if there are no values.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.size == 0:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_VALUES // values.size)
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    means = np.concatenate([values[rng.integers(values.size, size=(size, values.size))].mean(axis=1) for size in sizes])
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
