"""Annotated copies of photographs."""

from pathlib import Path

from agelens.data_prep.core.images import read_rgb, write_jpeg
from agelens.models.serving.annotation import draw_faces
from agelens.pipeline.prediction.predict import Answer


def write_pictures(answers: list[Answer], folder: Path) -> int:
    """Write an annotated copy of every photograph with a face; return how many.

    Copies are numbered, because names from different folders may be the same.
    """
    shown = [(number, answer) for number, answer in enumerate(answers, start=1) if answer.faces]
    for number, answer in shown:
        picture = draw_faces(read_rgb(answer.path), answer.faces)
        write_jpeg(folder / f"{number:04d}_{answer.path.stem}.jpg", picture)
    return len(shown)
