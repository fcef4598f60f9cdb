"""The one maker of predictions: evaluation, command line and web app all turn the model's outputs into ages here.

Numpy only: the predictor imports this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE, AgeGroups
from agelens.models.calibration.calibration import Calibration

Floats = npt.NDArray[np.float64]

SUM_TOLERANCE = 0.01
"""Half precision sums a softmax to 1 within 0.002; raw scores miss by far more."""


@dataclass(frozen=True)
class Decoded:
    """The predictions for B faces and G age groups, as arrays.

    Args:
        age: `(B,)`, years in 0..100.
        raw_age: `(B,)`, years; as the model says it, before it is calibrated.
        age_low: `(B,)`, years; lower end of the interval.
        age_high: `(B,)`, years; upper end of the interval.
        age_group: `(B,)`, index of the most probable group.
        probabilities: `(B, G)`, of every group.
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
        """`(B,)`, of the predicted group."""
        top: Floats = self.probabilities.max(axis=1)
        return top

    def attribute_classes(self, attribute: str) -> list[str | None]:
        """Return the most probable class of an attribute for each face, None where the model does not tell it."""
        if attribute not in self.attributes:
            return [None] * len(self)
        return [ATTRIBUTES[attribute].classes[index] for index in self.attributes[attribute].argmax(axis=1)]


@dataclass(frozen=True)
class AgePrediction:
    """What is said about one face.

    Args:
        box: x1, y1, x2, y2 in pixels of the upright image.
        score: The detector's, in 0..1; None where the whole image was taken as the face.
        age: Years.
        interval: Lowest and highest age of the calibrated interval, in years.
        age_group: Name of the most probable group, for example `26-42`. The two heads are separate, so `age` may lie
            in a neighbouring group.
        probabilities: Of every group, in order.
        gender: `female` or `male` as annotators would have said, None where the model does not tell it.
        seen: The model has learned from this picture, so that its answer proves nothing.
    """

    box: tuple[float, float, float, float]
    score: float | None
    age: float
    interval: tuple[float, float]
    age_group: str
    probabilities: tuple[float, ...]
    gender: str | None = None
    seen: bool = False


def decode(outputs: Mapping[str, npt.NDArray[np.floating]], *, calibration: Calibration, groups: AgeGroups) -> Decoded:
    """Turn the model's outputs for a batch of B faces into predictions.

    Args:
        outputs: `age_group` `(B, G)`, softmax, and `age` `(B, 1)`, years; `age_distribution` `(B, 101)`, where the
            calibration uses it; `(B, C)`, softmax, for each attribute that the model predicts. Others are ignored.
        calibration: Corrects the ages and makes the intervals.
        groups: The G age groups of the model.

    Raises:
        DataError: An output that is needed is missing, has another shape, is not finite, or the groups' shares do not
            sum to 1.
    """
    missing = {"age_group", "age"} - outputs.keys()
    if missing:
        msg = f"A model must have the outputs age_group and age; check the model file. Received: {sorted(outputs)}."
        raise DataError(msg)
    probabilities = np.asarray(outputs["age_group"], dtype=np.float64)
    years = np.asarray(outputs["age"], dtype=np.float64)
    batch = len(years)
    if years.shape != (batch, 1) or probabilities.shape != (batch, len(groups)):
        msg = (
            f"The outputs must be age (B, 1) and age_group (B, {len(groups)}); the model and its age groups must be of "
            f"one training. Received: {years.shape} and {probabilities.shape}."
        )
        raise DataError(msg)
    # `not (... <= ...)` so that NaN, of which no comparison is true, is caught as well.
    if not (np.isfinite(years).all() and (np.abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE).all()):
        msg = "Ages must be finite and the shares of the age groups sum to 1; the model has diverged or is no softmax."
        raise DataError(msg)
    age = calibration.age(years[:, 0], outputs.get("age_distribution"))
    low, high = calibration.interval(age, outputs.get("age_distribution"))
    attributes = {
        attribute: np.asarray(outputs[attribute], dtype=np.float64) for attribute in ATTRIBUTES if attribute in outputs
    }
    return Decoded(
        age=age,
        raw_age=np.clip(years[:, 0], 0, MAX_AGE),
        age_low=low,
        age_high=high,
        age_group=probabilities.argmax(axis=1),
        probabilities=probabilities,
        attributes=attributes,
    )


def face_predictions(
    decoded: Decoded, boxes: Boxes, *, scores: npt.ArrayLike, groups: AgeGroups
) -> list[AgePrediction]:
    """Pair the predictions of one image with its faces.

    Args:
        decoded: For B faces.
        boxes: `(B, 4)`, x1, y1, x2, y2 in pixels.
        scores: `(B,)`, the detector's; NaN where the whole image was taken.
        groups: Gives the groups' names.
    """
    names, genders = groups.names, decoded.attribute_classes("gender")
    return [
        AgePrediction(
            box=(float(x1), float(y1), float(x2), float(y2)),
            score=None if np.isnan(score) else float(score),
            age=float(decoded.age[i]),
            interval=(float(decoded.age_low[i]), float(decoded.age_high[i])),
            age_group=names[decoded.age_group[i]],
            probabilities=tuple(decoded.probabilities[i].tolist()),
            gender=genders[i],
        )
        for i, ((x1, y1, x2, y2), score) in enumerate(
            zip(boxes, np.asarray(scores, dtype=np.float64), strict=True),
        )
    ]
