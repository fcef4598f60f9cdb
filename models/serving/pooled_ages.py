"""One age for several views of one person: a weighted mean of age distributions, calibrated like that of one image."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictions import AgePrediction

GOOD_SIDE = 96.0
"""Pixels of a face from which on more pixels do not make its age more certain."""

NOT_ALIGNED = 0.3
"""Weight of a face whose eyes, nose and mouth were not located, as in a profile."""


@dataclass(frozen=True)
class PooledAge:
    """The age of a person over several views.

    Args:
        age: In years.
        interval: Lower and upper end of the prediction interval, in years. Views of one person share most of their
            error, so it is about as wide as for one image.
        age_group: Name of the age group of `age`.
        gender: The class with the larger weight, or None if not predicted.
        views: Number of views.
    """

    age: float
    interval: tuple[float, float]
    age_group: str
    gender: str | None
    views: int


def view_weight(face: AgePrediction) -> float:
    """Return how much a view counts, 0 to 1: large, certain and aligned faces count most."""
    x1, y1, x2, y2 = face.box
    size = min(1.0, min(x2 - x1, y2 - y1) / GOOD_SIDE)
    score = 1.0 if face.score is None else face.score
    return max(1e-3, size * score * (NOT_ALIGNED if face.aligned is False else 1.0))


class AgePool:
    """Collects the views of one person.

    Args:
        card: The model's card, which calibrates the pooled age.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card, self.views, self._weight = card, 0, 0.0
        self._distribution: npt.NDArray[np.float64] | None = None
        self._ends = np.zeros(3)
        self._genders: dict[str, float] = {}

    def add(self, face: AgePrediction) -> None:
        """Add a view; with its distribution if the model has one."""
        weight = view_weight(face)
        self.views, self._weight = self.views + 1, self._weight + weight
        self._ends += weight * np.array([face.age, *face.interval])
        if face.distribution is not None:
            weighted = weight * np.array(face.distribution)
            self._distribution = weighted if self._distribution is None else self._distribution + weighted
        if face.gender is not None:
            self._genders[face.gender] = self._genders.get(face.gender, 0.0) + weight

    def result(self) -> PooledAge | None:
        """Return the pooled age; None without a view."""
        if not self.views:
            return None
        age, low, high = self._pooled()
        groups = self.card.groups
        return PooledAge(
            age=age,
            interval=(low, high),
            age_group=groups.names[int(groups.of_ages(np.array([age]))[0])],
            gender=max(self._genders, key=self._genders.__getitem__, default=None),
            views=self.views,
        )

    def _pooled(self) -> tuple[float, float, float]:
        """Return age and interval: of the pooled distribution, or the weighted means of those of the views."""
        if self._distribution is None:
            age, low, high = self._ends / self._weight
            return float(age), float(low), float(high)
        distribution = (self._distribution / self._distribution.sum())[None]
        mean = distribution @ np.arange(distribution.shape[1])
        ages = self.card.calibration.age(mean, distribution)
        lows, highs = self.card.calibration.interval(ages, distribution)
        return float(ages[0]), float(lows[0]), float(highs[0])
