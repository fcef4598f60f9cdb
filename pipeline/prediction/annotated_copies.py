"""Annotated copies of photographs."""

from collections.abc import Sequence
from pathlib import Path

from agelens.data_prep.core.images import read_rgb, write_jpeg
from agelens.models.serving.annotation import draw_faces
from agelens.pipeline.prediction.predict import FilePrediction


def write_annotated(results: Sequence[FilePrediction], folder: Path) -> int:
    """Write a copy with boxes and ages of every photograph with a face; return how many.

    Copies are numbered, because photographs from different folders may have the same name.
    """
    with_faces = [(number, found) for number, found in enumerate(results, start=1) if found.faces]
    for number, found in with_faces:
        annotated = draw_faces(read_rgb(found.path), found.faces)
        write_jpeg(folder / f"{number:04d}_{found.path.stem}.jpg", annotated)
    return len(with_faces)
