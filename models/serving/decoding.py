"""Turns model outputs into predictions, for evaluation, cross-validation and `agelens predict` alike.

Numpy only: the predictor imports this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE, AgeGroups
from agelens.models.calibration.calibration import Calibration

Floats = npt.NDArray[np.float64]

SUM_TOLERANCE = 0.01
"""By which probabilities may miss the sum 1. In half precision a softmax misses it by up to 0.002."""


@dataclass(frozen=True)
class Decoded:
    """The predictions for B faces and G age groups, as arrays.

    Args:
        age: `(B,)`, calibrated, in years in 0..100.
        raw_age: `(B,)`, the model's output `age` before calibration, in years.
        age_low: `(B,)`, lower end of the prediction interval, in years.
        age_high: `(B,)`, upper end of the prediction interval, in years.
        age_group: `(B,)`, index of the age group of `age`, so that the two never contradict each other.
        probabilities: `(B, G)`, of every age group.
        attributes: `(B, C)` for each attribute that the model predicts, the probability of every class.
    """

    age: Floats
    raw_age: Floats
    age_low: Floats
    age_high: Floats
    age_group: npt.NDArray[np.int64]
    probabilities: Floats
    attributes: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.age)

    @property
    def age_group_probability(self) -> Floats:
        """`(B,)`, of the age group of `age`."""
        own: Floats = np.take_along_axis(self.probabilities, self.age_group[:, None], axis=1)[:, 0]
        return own

    def attribute_classes(self, attribute: str) -> list[str | None]:
        """Return the most probable class of an attribute for each face; None if the model does not predict it."""
        if attribute not in self.attributes:
            return [None] * len(self)
        return [ATTRIBUTES[attribute].classes[index] for index in self.attributes[attribute].argmax(axis=1)]


def decode(outputs: Mapping[str, npt.NDArray[np.floating]], *, calibration: Calibration, groups: AgeGroups) -> Decoded:
    """Turn the model outputs for B faces into predictions.

    Args:
        outputs: `age_group` `(B, G)`, softmax, and `age` `(B, 1)`, years; `age_distribution` `(B, 101)`, if the
            calibration uses it; `(B, C)`, softmax, for each attribute that the model predicts. Others are ignored.
        calibration: Calibrates the ages and gives the prediction intervals.
        groups: The G age groups of the model.

    Raises:
        DataError: A required output is missing, has another shape or is not finite, or the probabilities of the age
            groups do not sum to 1.
    """
    years, probabilities = _checked_outputs(outputs, groups)
    age = calibration.age(years, outputs.get("age_distribution"))
    low, high = calibration.interval(age, outputs.get("age_distribution"))
    return Decoded(
        age=age,
        raw_age=np.clip(years, 0, MAX_AGE),
        age_low=low,
        age_high=high,
        age_group=groups.of_ages(age),
        probabilities=probabilities,
        attributes={name: np.asarray(outputs[name], dtype=np.float64) for name in ATTRIBUTES if name in outputs},
    )


def _checked_outputs(outputs: Mapping[str, npt.NDArray[np.floating]], groups: AgeGroups) -> tuple[Floats, Floats]:
    """Return ages `(B,)` and the probabilities of age groups `(B, G)`, or raise `DataError`."""
    missing = {"age_group", "age"} - outputs.keys()
    if missing:
        msg = f"A model must have the outputs age_group and age. Check the model file. Received: {sorted(outputs)}."
        raise DataError(msg)
    probabilities = np.asarray(outputs["age_group"], dtype=np.float64)
    years = np.asarray(outputs["age"], dtype=np.float64)
    batch = len(years)
    if years.shape != (batch, 1) or probabilities.shape != (batch, len(groups)):
        msg = (
            f"The outputs must be age (B, 1) and age_group (B, {len(groups)}); the network and the age groups must "
            f"come from the same training. Received: {years.shape} and {probabilities.shape}."
        )
        raise DataError(msg)
    # Written as `not (... <= ...)`, so that NaN is rejected too.
    if not (np.isfinite(years).all() and (np.abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE).all()):
        msg = (
            "Ages must be finite and the probabilities of the age groups must sum to 1. The training has diverged, or "
            "the output age_group is not a softmax."
        )
        raise DataError(msg)
    return years[:, 0], probabilities
