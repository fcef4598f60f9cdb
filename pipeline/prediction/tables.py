"""Predictions for programs: rows of a CSV file and objects of JSON."""

from dataclasses import asdict
from typing import Any

from agelens.data_prep.core.schema import Column, Schema
from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictions import AgePrediction
from agelens.pipeline.prediction.predict import FilePrediction
from agelens.pipeline.prediction.text import printable

FACE_PREDICTIONS = Schema(
    "face_predictions",
    (
        Column("path", "text", "the photograph"),
        Column("face", "int", "number of the face, 1 is the largest; empty if there is none", optional=True),
        Column("x1", "float", "left of the box, pixels of the upright image", optional=True),
        Column("y1", "float", "top of the box", optional=True),
        Column("x2", "float", "right of the box", optional=True),
        Column("y2", "float", "bottom of the box", optional=True),
        Column("score", "float", "confidence of the detector, 0..1", optional=True),
        Column("age", "float", "years", optional=True),
        Column("age_low", "float", "lower end of the prediction interval, years", optional=True),
        Column("age_high", "float", "upper end of the prediction interval, years", optional=True),
        Column("age_group", "text", "name of the age group", optional=True),
        Column("gender", "text", "female or male with --gender: as annotators would label the face", optional=True),
        Column("warnings", "text", "why the prediction is unreliable", optional=True),
        Column("error", "text", "why there is no prediction", optional=True),
    ),
)
"""The table of `agelens predict --csv`: one row per face, and one per file without a face."""


def prediction_rows(found: FilePrediction, *, name: str, gender: bool = False) -> list[dict[str, Any]]:
    """Return rows of `FACE_PREDICTIONS` for one file: one per face, or one with the error.

    Args:
        found: The result.
        name: Of the photograph, for the column `path`.
        gender: Whether to fill the column `gender`.
    """
    if not found.faces:
        return [{"path": name, "warnings": "; ".join(found.notes), "error": found.error}]
    rows = [_face_row(name, number, face, notes=found.notes) for number, face in enumerate(found.faces, start=1)]
    return rows if gender else [{**row, "gender": None} for row in rows]


def prediction_json(found: FilePrediction, card: ModelCard, *, name: str, gender: bool) -> dict[str, object]:
    """Return the result for one file as plain JSON, with the model, its training data and kinds of labels."""
    return {
        "path": name,
        "faces": [_face_json(face, card, gender=gender) for face in found.faces],
        "error": printable(found.error) or None,
        "warnings": list(found.notes),
        "model": card.name,
        "training_data": card.facts.get("training_data"),
        "age_labels": card.age_labels,
    }


def quality_json(face: AgePrediction) -> dict[str, float | bool | None] | None:
    """Return the measures of a face's quality, rounded; see `agelens.models.serving.face_quality.FaceQuality`."""
    if face.quality is None:
        return None
    return {
        name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(face.quality).items()
    }


def _face_json(face: AgePrediction, card: ModelCard, *, gender: bool) -> dict[str, object]:
    return {
        "box": [round(value, 1) for value in face.box],
        "score": face.score,
        "age": round(face.age, 1),
        "interval": [round(value, 1) for value in face.interval],
        "age_group": face.age_group,
        **({"gender": face.gender} if gender else {}),
        "warnings": face.warnings,
        "quality": quality_json(face),
        "probabilities": dict(zip(card.groups.names, (round(p, 4) for p in face.probabilities), strict=True)),
    }


def _face_row(name: str, number: int, face: AgePrediction, *, notes: tuple[str, ...]) -> dict[str, Any]:
    x1, y1, x2, y2 = face.box
    return {
        "path": name,
        "face": number,
        "x1": round(x1, 1),
        "y1": round(y1, 1),
        "x2": round(x2, 1),
        "y2": round(y2, 1),
        "score": None if face.score is None else round(face.score, 3),
        "age": round(face.age, 1),
        "age_low": round(face.interval[0], 1),
        "age_high": round(face.interval[1], 1),
        "age_group": face.age_group,
        "gender": face.gender,
        "warnings": "; ".join((*notes, *face.warnings)),
    }
