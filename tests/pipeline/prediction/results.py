"""Hand-made results of photographs."""

from pathlib import Path

from agelens.models.serving.predictions import AgePrediction
from agelens.pipeline.prediction.predict import FilePrediction


def face(box: tuple[float, float, float, float] = (1.0, 2.0, 101.0, 102.0), *, age: float = 30.0) -> AgePrediction:
    return AgePrediction(
        box=box,
        score=0.9,
        age=age,
        interval=(age - 8, age + 8),
        age_group="26-42",
        probabilities=(0.1, 0.1, 0.6, 0.1, 0.1),
    )


def result(path: str = "a.jpg", *, faces: int = 1, error: str = "") -> FilePrediction:
    return FilePrediction(Path(path), tuple(face(age=30.0 + number) for number in range(faces)), error)
