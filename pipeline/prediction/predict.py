"""`agelens predict`: photographs in; ages, intervals and boxes out."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.data_prep.core.errors import ImageError, WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.images import IMAGE_SUFFIXES, Pixels, find_images, read_rgb
from agelens.data_prep.core.tables import Column, Schema
from agelens.models.serving.predictions import AgePrediction
from agelens.models.serving.predictor import AgePredictor, ModelCard
from agelens.weights.defaults import DETECTOR_RUNTIME

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
        Column("age_low", "float", "lower end of the interval, years", optional=True),
        Column("age_high", "float", "upper end of the interval, years", optional=True),
        Column("age_group", "text", "name of the age group", optional=True),
        Column("gender", "text", "female or male, if asked for: what annotators would see in the face", optional=True),
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


def check_tells_gender(card: ModelCard) -> None:
    """Raise `WeightsError` unless a model has the output `gender`."""
    if not card.genders:
        msg = f"The model {card.name} was not taught gender; leave --gender out, or train with model.heads: [gender]."
        raise WeightsError(msg)


def is_its_detector(card: ModelCard) -> bool:
    """Return whether the crops that a model learned from were cut by the detector that is in use."""
    return bool(card.detector.get("sha256") == file_hash(DETECTOR_RUNTIME.with_suffix(".bin")))


def collect_files(paths: Sequence[Path]) -> list[Path]:
    """Return files as they are given, and the images under folders; a folder without one stands for itself."""
    files: list[Path] = []
    for path in paths:
        files += (find_images(path) if path.is_dir() else []) or [path]
    return files


def describe_left_out(paths: Sequence[Path]) -> list[str]:
    """Return a line for what `collect_files` leaves out of folders, by ending, and one for links out of a folder."""
    endings = Counter(path.suffix.lower() for path in {path for folder in paths for path in _others_under(folder)})
    links = sum(endings.pop(suffix, 0) for suffix in IMAGE_SUFFIXES)
    named = ", ".join(f"{count} {printable(Path(end)) if end else 'without ending'}" for end, count in endings.items())
    lines = {
        f"{counted(endings.total(), 'file')} skipped: not images that can be read ({named})": endings.total(),
        f"{counted(links, 'file')} skipped: links that lead out of their folder": links,
    }
    return [line for line, count in lines.items() if count]


def answer_files(predictor: AgePredictor, files: Sequence[Path], *, largest: bool = False) -> Iterator[Answer]:
    """Yield the answer for each file, in order; a broken file is an answer with an error, never the end."""
    for path in files:
        try:
            faces = predictor.predict([_read(path)], largest=largest)[0]
        except ImageError as error:
            yield Answer(path, error=str(error))
            continue
        yield Answer(path, tuple(faces), error="" if faces else "no_face: no face was found")


def answer_rows(answer: Answer, *, gender: bool = False) -> list[dict[str, Any]]:
    """Return an answer as rows of ANSWERS: one per face, with its gender if asked for, or one with the error."""
    if not answer.faces:
        return [{"path": printable(answer.path), "error": answer.error}]
    rows = [_face_row(answer.path, number, face) for number, face in enumerate(answer.faces, start=1)]
    return rows if gender else [{**row, "gender": None} for row in rows]


def printable(path: Path) -> str:
    """Return a file's name as text; bytes of it that are no Unicode are written as hexadecimal escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def counted(number: int, thing: str) -> str:
    """Return a number of things in words, for example `1 file` or `1,200 files`."""
    return f"{number:,} {thing}" + ("s" if number != 1 else "")


def warnings_of(face: AgePrediction) -> list[str]:
    """Return what makes the answer for a face doubtful."""
    x1, y1, x2, y2 = face.box
    side = min(x2 - x1, y2 - y1)
    warnings = [f"small_face: {side:.0f} pixels"] if side < SMALL_FACE else []
    return warnings + ["trained_on: the model has learned from this picture"] * face.seen


def answers_table(answers: Sequence[Answer], *, gender: bool = False) -> pd.DataFrame:
    """Return answers as a table that follows ANSWERS; whole numbers stay whole beside missing ones."""
    rows = [row for answer in answers for row in answer_rows(answer, gender=gender)]
    return pd.DataFrame(rows, columns=ANSWERS.names).astype({"face": "Int64"})


def _face_row(path: Path, number: int, face: AgePrediction) -> dict[str, Any]:
    x1, y1, x2, y2 = face.box
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
        "gender": face.gender,
        "warnings": "; ".join(warnings_of(face)),
    }


def _read(path: Path) -> Pixels:
    if path.is_dir():
        reason, detail = "no_images", "the folder holds no images"
        raise ImageError(reason, detail)
    return read_rgb(path)


def _others_under(folder: Path) -> set[Path]:
    """Return the files under a folder that are not taken as images; none of what is no folder."""
    files = {Path(parent) / name for parent, _, names in os.walk(folder) for name in names}
    return files - set(find_images(folder))
