"""Bootstrap confidence intervals whose samples are drawn by cluster.

Faces of one person, and files of one photograph, have similar errors. Drawing rows as if they were independent would
give intervals that are too narrow, so whole clusters are drawn with replacement (Davison & Hinkley 1997, *Bootstrap
Methods and their Application*, section 3.8). The clusters of a predictions table are its column `group`.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
"""Of every interval that the evaluation reports."""


def resampled_weights(clusters: npt.ArrayLike, *, seed: int = 0, resamples: int = 1000) -> Iterator[Floats]:
    """Yield, for each bootstrap sample, how often each row is in it: as often as its cluster was drawn.

    Args:
        clusters: `(B,)`, at least one; rows with the same value belong together.
        seed: Of the draws.
        resamples: Number of bootstrap samples.

    Yields:
        `(B,)` each.
    """
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    count = int(index.max()) + 1
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(rng.integers(count, size=count), minlength=count)[index].astype(np.float64)


def bootstrap(
    statistic: Callable[[Floats], npt.ArrayLike], clusters: npt.ArrayLike, *, seed: int = 0, resamples: int = 1000
) -> Floats:
    """Return a statistic of every bootstrap sample, `(resamples, ...)`.

    Args:
        statistic: From the weights `(B,)` of the rows to a number or an array of numbers.
        clusters: See `resampled_weights`.
        seed: Of the draws.
        resamples: Number of bootstrap samples.
    """
    return np.array([statistic(weights) for weights in resampled_weights(clusters, seed=seed, resamples=resamples)])


def bootstrap_means(scores: npt.ArrayLike, clusters: npt.ArrayLike, *, seed: int = 0, resamples: int = 1000) -> Floats:
    """Return the mean of each column of scores in every bootstrap sample, `(resamples, M)`.

    Args:
        scores: `(B, M)`, at least one row; NaN where a score does not apply to a row.
        clusters: See `resampled_weights`.
        seed: Of the draws.
        resamples: Number of bootstrap samples.

    Returns:
        NaN where a sample has no row to which the score applies.
    """
    values = np.asarray(scores, dtype=np.float64)
    applies = np.isfinite(values)
    both = np.concatenate([np.where(applies, values, 0.0), applies], axis=1)
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((len(names), both.shape[1]))
    np.add.at(sums, index, both)  # by cluster, so that a sample costs one product of its weights with them
    totals = bootstrap(lambda weights: weights @ sums, np.arange(len(names)), seed=seed, resamples=resamples)
    with np.errstate(invalid="ignore"):
        means: Floats = totals[:, : values.shape[1]] / totals[:, values.shape[1] :]
    return means


def percentile_interval(draws: npt.ArrayLike, *, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Return the percentile intervals of a statistic (Efron & Tibshirani 1993, chapter 13).

    Args:
        draws: `(resamples, ...)`, the statistic of every sample; NaN are left out.
        confidence: Of the intervals.

    Returns:
        Lower and upper ends, each of the shape of the statistic; NaN where it has no draw.
    """
    draws = np.asarray(draws, dtype=np.float64)
    empty = np.isnan(draws).all(axis=0)
    filled = np.where(empty, 0.0, draws)
    low, high = np.nanquantile(filled, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def bootstrap_interval(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    *,
    seed: int = 0,
    resamples: int = 1000,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of values.

    Args:
        values: `(B,)`.
        clusters: See `resampled_weights`; None if all rows are independent.
        seed: Of the draws.
        resamples: Number of bootstrap samples.
        confidence: Of the interval.

    Returns:
        Lower and upper end; both NaN if there are no values.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.size == 0:
        return float("nan"), float("nan")
    clusters = np.arange(values.size) if clusters is None else clusters
    means = bootstrap_means(values[:, None], clusters, seed=seed, resamples=resamples)
    low, high = percentile_interval(means[:, 0], confidence=confidence)
    return float(low), float(high)


def share_interval(
    hits: npt.ArrayLike, clusters: npt.ArrayLike, *, seed: int = 0, resamples: int = 1000
) -> tuple[float, float]:
    """Return a 95 % interval of a share, which also holds where no row, or every row, is a hit.

    There the bootstrap returns one point. The exact interval (Clopper & Pearson 1934) of as many independent rows as
    there are clusters is returned instead: with 0 of 40, it reaches up to 8.8 %.

    Args:
        hits: `(B,)`, 0 or 1.
        clusters: See `resampled_weights`.
        seed: Of the draws.
        resamples: Number of bootstrap samples.

    Returns:
        Lower and upper end; both NaN if there are no rows.
    """
    hits = np.asarray(hits, dtype=np.float64)
    if hits.size == 0 or 0 < hits.mean() < 1:
        return bootstrap_interval(hits, clusters, seed=seed, resamples=resamples)
    reached = 1 - ((1 - CONFIDENCE) / 2) ** (1 / len(np.unique(np.asarray(clusters))))
    return (0.0, reached) if hits.mean() == 0 else (1 - reached, 1.0)
