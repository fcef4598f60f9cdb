"""What the predictor returns: one `AgePrediction` per face, in lists that convert to pandas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.labels import AgeGroups
from agelens.models.serving.decoding import Decoded
from agelens.models.serving.face_quality import FaceQuality

if TYPE_CHECKING:
    import pandas as pd


SURE_SCORE = 0.3
"""Faces with a lower score of the detector may be none; a model's fallback threshold admits them."""

SMALL_FACE = 24
"""Minimum shorter side of a box in pixels; the age of a smaller face is less certain."""


@dataclass(frozen=True)
class AgePrediction:
    """The prediction for one face.

    Args:
        box: x1, y1, x2, y2 in pixels of the upright image.
        score: The detector's confidence, 0 to 1; None if the whole image was taken as the face.
        age: In years.
        interval: Lower and upper end of the prediction interval, in years.
        age_group: Name of the age group of `age`, for example `26-42`.
        probabilities: Of every age group, in order; a separate output of the model, so that the most probable group may
            be an adjacent one.
        attributes: Most probable class of each attribute that the model predicts.
        aligned: Whether eyes, nose and mouth were located, so that the network saw them in place; None for models
            that see the whole crop.
        trained_on: Whether the model was trained on this image, so that the prediction is no evidence of its accuracy.
        distribution: Probability of each age from 0 to 100 years, as the network predicts it, before the calibration;
            None unless it was asked for.
        quality: How well the face can be seen; None for a person in a video.
    """

    box: tuple[float, float, float, float]
    score: float | None
    age: float
    interval: tuple[float, float]
    age_group: str
    probabilities: tuple[float, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    aligned: bool | None = None
    trained_on: bool = False
    distribution: tuple[float, ...] | None = None
    quality: FaceQuality | None = None

    @property
    def warnings(self) -> list[str]:
        """Why the prediction is less certain than others, each with a short code in front."""
        x1, y1, x2, y2 = self.box
        side = min(x2 - x1, y2 - y1)
        found = [f"small_face: {side:.0f} pixels"] if side < SMALL_FACE else []
        if self.score is not None and self.score < SURE_SCORE:
            found.append(f"uncertain_face: detector score {self.score:.2f}")
        if self.aligned is False:
            found.append("not_aligned: eyes, nose and mouth were not located, as in a profile or a covered face")
        seen = [] if self.quality is None else self.quality.warnings
        found += [one for one in seen if side >= SMALL_FACE or not one.startswith("blurred")]
        return found + ["trained_on: the model has learned from this picture"] * self.trained_on

    @property
    def gender(self) -> str | None:
        """`female` or `male`, as annotators of the training data would label the face; None if not predicted."""
        return self.attributes.get("gender")


FACE_COLUMNS = (
    *("face", "x1", "y1", "x2", "y2", "score"),
    *("age", "age_low", "age_high", "age_group", "aligned", "trained_on", "warnings"),
)


class FacePredictions(list[AgePrediction]):
    """The faces of one image, largest first; an empty list if there is none.

    Args:
        faces: Of the image.
        notes: What is unusual about the image, each with a short code in front, such as `turned`.
    """

    def __init__(self, faces: Iterable[AgePrediction] = (), *, notes: Iterable[str] = ()) -> None:
        super().__init__(faces)
        self.notes = tuple(notes)

    def scaled(self, factor: float) -> "FacePredictions":
        """Return the faces with boxes of an image that is larger by a factor."""
        if factor == 1:
            return self
        boxes = ([side * factor for side in face.box] for face in self)
        faces = [replace(face, box=(x1, y1, x2, y2)) for face, (x1, y1, x2, y2) in zip(self, boxes, strict=True)]
        return FacePredictions(faces, notes=self.notes)

    def with_notes(self, notes: Iterable[str]) -> "FacePredictions":
        """Return the faces with further notes in front."""
        return FacePredictions(self, notes=(*notes, *self.notes))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table with one row per face.

        Columns: `face` (1 is the largest), the box as `x1`, `y1`, `x2`, `y2`, `score`, `age`, `age_low`, `age_high`,
        `age_group`, `aligned`, `trained_on`, `warnings`, separated by semicolons, and each attribute, such as `gender`.
        """
        return _to_table([({}, self)])


class ImagePredictions(list[FacePredictions]):
    """The predictions for several images, in their order."""

    def to_pandas(self) -> "pd.DataFrame":
        """Return one table for all images: `image` (the first is 0), then the columns of `FacePredictions.to_pandas`.

        Images without a face have no row.
        """
        return _to_table((({"image": number}, faces) for number, faces in enumerate(self)), keys=("image",))


def face_predictions(
    decoded: Decoded, boxes: Boxes, *, scores: npt.ArrayLike, groups: AgeGroups
) -> list[AgePrediction]:
    """Return one prediction for each of B faces.

    Args:
        decoded: For B faces.
        boxes: `(B, 4)`, x1, y1, x2, y2 in pixels.
        scores: `(B,)`, the detector's confidence; NaN where the whole image was taken as the face.
        groups: With the names of the age groups.
    """
    names = groups.names
    classes = {name: decoded.attribute_classes(name) for name in decoded.attributes}
    return [
        AgePrediction(
            box=(float(x1), float(y1), float(x2), float(y2)),
            score=None if np.isnan(score) else float(score),
            age=float(decoded.age[i]),
            interval=(float(decoded.age_low[i]), float(decoded.age_high[i])),
            age_group=names[decoded.age_group[i]],
            probabilities=tuple(decoded.probabilities[i].tolist()),
            attributes={name: str(found[i]) for name, found in classes.items()},
        )
        for i, ((x1, y1, x2, y2), score) in enumerate(
            zip(boxes, np.asarray(scores, dtype=np.float64), strict=True),
        )
    ]


def _to_table(
    images: Iterable[tuple[dict[str, Any], FacePredictions]], *, keys: tuple[str, ...] = ()
) -> "pd.DataFrame":
    """Return a row for each face of each image; `keys` are the columns that identify the image."""
    try:
        import pandas as pd  # noqa: PLC0415  the base installation does not have it
    except ModuleNotFoundError as error:
        msg = "Tables of predictions need pandas: pip install 'agelens[pandas]'"
        raise ModuleNotFoundError(msg, name=error.name) from error

    rows = [key | _row(number, face) for key, faces in images for number, face in enumerate(faces, start=1)]
    attributes = {name: None for row in rows for name in row if name not in (*keys, *FACE_COLUMNS)}
    return pd.DataFrame(rows, columns=[*keys, *FACE_COLUMNS, *attributes])


def _row(number: int, face: AgePrediction) -> dict[str, Any]:
    known = (face.age_group, face.aligned, face.trained_on, "; ".join(face.warnings))
    values = (number, *face.box, face.score, face.age, *face.interval, *known)
    return dict(zip(FACE_COLUMNS, values, strict=True)) | dict(face.attributes)
