"""`agelens predict`: photographs in; ages, intervals and boxes out."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data_prep.detect import OpenVinoFaceDetector
from data_prep.errors import DataError, ImageError
from data_prep.images import find_images, read_rgb
from data_prep.tables import Column, Schema
from models.predictions import AgePrediction
from models.predictor import NETWORK_FILE, AgePredictor, ModelCard
from models.runtime import Network
from pipeline.fingerprints import file_hash
from weights.defaults import AGE_MODEL, DETECTOR_RUNTIME

ANSWERS = Schema(
    "answers",
    (
        Column("path", "text", "the photograph"),
        Column("face", "int", "number of the face, 1 is the largest; empty where there is none", optional=True),
        Column("x1", "float", "box, pixels of the upright image", optional=True),
        Column("y1", "float", "box", optional=True),
        Column("x2", "float", "box", optional=True),
        Column("y2", "float", "box", optional=True),
        Column("score", "float", "the detector's, 0..1", optional=True),
        Column("age", "float", "years", optional=True),
        Column("age_low", "float", "lower end of the 90 % interval, years", optional=True),
        Column("age_high", "float", "upper end of the 90 % interval, years", optional=True),
        Column("age_group", "text", "name of the age group", optional=True),
        Column("gender", "text", "empty: the model does not tell it", optional=True),
        Column("warnings", "text", "what makes the answer doubtful", optional=True),
        Column("error", "text", "why there is no answer", optional=True),
    ),
)

SMALL_FACE = 32
"""Pixels; the shorter side of a box below which an age is a guess."""


@dataclass(frozen=True)
class Answer:
    """What was found in one file: its faces, or why there are none."""

    path: Path
    faces: tuple[AgePrediction, ...] = ()
    error: str = ""


def build_predictor(folder: Path | None) -> AgePredictor:
    """Load an exported model, the embedded one unless told otherwise, and the detector set as its card says."""
    folder = folder or AGE_MODEL
    card = ModelCard.read(folder)
    detector = OpenVinoFaceDetector(
        DETECTOR_RUNTIME, image_size=card.detector["image_size"], min_score=card.detector["min_score"]
    )
    return AgePredictor(detector, Network(folder / NETWORK_FILE), card)


def is_its_detector(card: ModelCard) -> bool:
    """Return whether the crops that a model learned from were cut by the detector that is in use."""
    return bool(card.detector["sha256"] == file_hash(DETECTOR_RUNTIME.with_suffix(".bin")))


def collect_files(paths: Sequence[Path]) -> list[Path]:
    """Return files as they are given, and the images under folders.

    Raises:
        DataError: A path does not exist, or a folder holds no image.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            msg = f"There is no file or folder {path}."
            raise DataError(msg)
        found = find_images(path) if path.is_dir() else [path]
        if not found:
            msg = f"{path} holds no images."
            raise DataError(msg)
        files += found
    return files


def answer_files(predictor: AgePredictor, files: Sequence[Path], *, largest: bool = False) -> Iterator[Answer]:
    """Yield the answer for each file, in order; a broken file is an answer with an error, never the end."""
    for path in files:
        try:
            faces = predictor.predict([read_rgb(path)], largest=largest)[0]
        except ImageError as error:
            yield Answer(path, error=str(error))
            continue
        yield Answer(path, tuple(faces), error="" if faces else "no_face: no face was found")


def answer_rows(answer: Answer) -> list[dict[str, Any]]:
    """Return an answer as rows of ANSWERS: one per face, or one with the error."""
    if not answer.faces:
        return [{"path": printable(answer.path), "error": answer.error}]
    return [_face_row(answer.path, number, face) for number, face in enumerate(answer.faces, start=1)]


def printable(path: Path) -> str:
    """Return a file's name as text; bytes of it that are no Unicode are written as hexadecimal escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def answers_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return answers as a table that follows ANSWERS; whole numbers stay whole beside missing ones."""
    rows = [row for answer in answers for row in answer_rows(answer)]
    return pd.DataFrame(rows, columns=ANSWERS.names).astype({"face": "Int64"})


def _face_row(path: Path, number: int, face: AgePrediction) -> dict[str, Any]:
    x1, y1, x2, y2 = face.box
    side = min(x2 - x1, y2 - y1)
    return {
        "path": printable(path),
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
        "warnings": f"small_face: {side:.0f} pixels" if side < SMALL_FACE else "",
    }
