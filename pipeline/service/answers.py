"""The JSON that the service answers with, as typed models, from which its documentation is made."""

from typing import Any

from pydantic import BaseModel, Field

from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictions import AgePrediction
from agelens.pipeline.prediction.tables import quality_json


class FaceAnswer(BaseModel):
    """One face."""

    box: tuple[float, float, float, float] = Field(description="x1, y1, x2, y2 in pixels of the upright image")
    score: float | None = Field(description="confidence of the detector, 0 to 1")
    age: float = Field(description="years")
    interval: tuple[float, float] = Field(description="prediction interval, years; coverage is in /health")
    age_group: str = Field(description="the age group of the age, such as 26-42")
    probabilities: dict[str, float] = Field(description="of every age group")
    gender: str | None = Field(None, description="as annotators would label the face; null unless asked for")
    warnings: list[str] = Field(description="why the prediction is unreliable, each with a short code in front")
    quality: dict[str, float | bool | None] | None = Field(
        None, description="detail, cut_off, at_border, points_error, roll and yaw of the face, as docs/quality.md says"
    )
    distribution: list[float] | None = Field(None, description="probability of each age 0 to 100, if asked for")


class ImageAnswer(BaseModel):
    """The faces of one image, largest first; none where no face was found."""

    faces: list[FaceAnswer]
    warnings: list[str] = Field(description="what is unusual about the image, such as turned; with a code in front")


class NamedImageAnswer(ImageAnswer):
    """The answer for one of several images."""

    name: str = Field(description="of the file, as it was sent")
    error: str | None = Field(None, description="why the image could not be used")


class BatchAnswer(BaseModel):
    """The answers for several images, in their order."""

    images: list[NamedImageAnswer]


class ErrorAnswer(BaseModel):
    """Why a request failed."""

    detail: str


class ModelAnswer(BaseModel):
    """The model that answers."""

    name: str
    sha256: str = Field(description="of model.json, which holds the hashes of all files of the model")
    coverage: float = Field(description="share of faces whose true age lies inside the interval")
    age_groups: list[str]
    attributes: list[str]
    training_data: str | None
    age_labels: dict[str, str] = Field(
        description="by source of the training data: real ages, apparent ages as people estimate them, or unknown"
    )
    licence: str | None
    intended_use: str | None
    test_metrics: dict[str, Any]


class HealthAnswer(BaseModel):
    """That the service runs, and with which model."""

    status: str
    version: str
    model: ModelAnswer


def face_answer(face: AgePrediction, card: ModelCard, *, gender: bool) -> FaceAnswer:
    """Return one face as it is answered; attributes only if they were asked for."""
    x1, y1, x2, y2 = (round(value, 1) for value in face.box)
    low, high = (round(value, 1) for value in face.interval)
    return FaceAnswer(
        box=(x1, y1, x2, y2),
        score=None if face.score is None else round(face.score, 3),
        age=round(face.age, 1),
        interval=(low, high),
        age_group=face.age_group,
        probabilities=dict(zip(card.groups.names, (round(p, 4) for p in face.probabilities), strict=True)),
        gender=face.gender if gender else None,
        warnings=face.warnings,
        quality=quality_json(face),
        distribution=None if face.distribution is None else [round(p, 5) for p in face.distribution],
    )


def model_answer(card: ModelCard, *, sha256: str) -> ModelAnswer:
    """Return what `/health` says about a model."""
    return ModelAnswer(
        name=card.name,
        sha256=sha256,
        coverage=card.calibration.coverage,
        age_groups=list(card.groups.names),
        attributes=list(card.attributes),
        training_data=card.facts.get("training_data"),
        age_labels=card.age_labels,
        licence=card.facts.get("licence"),
        intended_use=card.facts.get("intended_use"),
        test_metrics=card.facts.get("test_metrics", {}),
    )
