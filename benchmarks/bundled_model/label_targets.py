"""Labels as distributions over the years 0..100, and how often rows are drawn."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.labels import MAX_AGE

Floats = npt.NDArray[np.float64]

AGES = np.arange(MAX_AGE + 1)

OPEN_SCALE = 9.0
"""Years in which the density of an interval without an upper end falls by a factor of e."""

MIN_COUNT = 20.0
"""Rarer ages are drawn as if there were that many."""


def label_distributions(low: Floats, high: Floats, *, sigma: float, smear: float) -> Floats:
    """Return the target `(N, 101)` of each label.

    Args:
        low: `(N,)`.
        high: `(N,)`, equal to `low` where the age is exact.
        sigma: Standard deviation of an exact age; narrower below six years.
        smear: The same for the years of an interval, which are equally probable.
    """

    @cache
    def distribution(first: float, last: float) -> Floats:
        if first == last:
            return _normal(first, sigma)
        inside = ((first <= AGES) & (last >= AGES)).astype(float)
        if last >= MAX_AGE:
            inside *= np.exp(-(AGES - first) / OPEN_SCALE)
        mixed = sum(inside[age] * _normal(float(age), smear) for age in np.flatnonzero(inside))
        return np.asarray(mixed / np.sum(mixed))

    return np.stack([distribution(float(first), float(last)) for first, last in zip(low, high, strict=True)])


def _normal(age: float, sigma: float) -> Floats:
    """Return a normal distribution about an age, `(101,)`, with a smaller deviation below six years."""
    deviation = min(sigma, 0.7 + age * (sigma - 0.7) / 6)
    density: Floats = np.exp(-0.5 * ((AGES - age) / deviation) ** 2)
    return density / density.sum()


def sampling_weights(
    targets: Floats, sources: npt.NDArray[np.str_], *, power: float, by_source: Mapping[str, float]
) -> Floats:
    """Return how often each row is drawn, `(N,)`, sum 1: the count of its age to the power of `-power`."""
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    padded = np.pad(targets.sum(axis=0), 6, mode="edge")
    counts = np.maximum(np.convolve(padded, kernel / kernel.sum(), "valid"), MIN_COUNT)
    weights = targets @ counts**-power
    weights *= np.array([by_source.get(source, 1.0) for source in sources])
    return np.asarray(weights / weights.sum())


def mix_with_predictions(
    labels: Floats, predicted: Floats, *, exact: npt.NDArray[np.bool_], share_of_label: Floats
) -> Floats:
    """Return labels mixed with cross-fitted predictions: those of networks that have not seen the row's group.

    Labels of a single image err; what other rows say about similar faces corrects part of it. Within an age interval
    the prediction gives the shape.

    Args:
        labels: `(N, 101)`.
        predicted: `(N, 101)`; rows of zeros keep their labels.
        exact: `(N,)`; whether the label is an exact age.
        share_of_label: `(N,)`.
    """
    shaped = predicted * np.sqrt(labels / labels.max(axis=1, keepdims=True))
    mass = shaped.sum(axis=1, keepdims=True)
    inside = np.where(mass > 0.02, shaped / np.maximum(mass, 1e-9), labels)
    other = np.where(exact[:, None], predicted, inside)
    share = np.where(predicted.sum(axis=1) > 0.5, share_of_label, 1.0)[:, None]
    mixed = share * labels + (1 - share) * other
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))
