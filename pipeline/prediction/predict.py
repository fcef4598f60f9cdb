"""Predict the ages in photographs, file by file."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agelens.data_prep.core.errors import ImageError, WeightsError
from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictions import AgePrediction, FacePredictions
from agelens.models.serving.predictor import IMAGE_BATCH, AgePredictor
from agelens.weights.defaults import DETECTOR_RUNTIME
from agelens.weights.integrity import read_hashes

NO_FACE = "no_face: no face was found"
"""The error of a photograph that was read but has no face."""


@dataclass(frozen=True)
class FilePrediction:
    """The result for one file.

    Args:
        path: The file.
        faces: Predictions, largest face first.
        error: Why there are no faces; empty if there are.
        notes: What is unusual about the photograph, each with a short code in front.
    """

    path: Path
    faces: tuple[AgePrediction, ...] = ()
    error: str = ""
    notes: tuple[str, ...] = ()

    @property
    def was_read(self) -> bool:
        """Whether the file could be read as an image."""
        return self.error in {"", NO_FACE}


def predict_files(
    predictor: AgePredictor, files: Iterable[Path], *, largest: bool = False, batch: int = IMAGE_BATCH
) -> Iterator[FilePrediction]:
    """Yield the result for each file, in order.

    Files are taken lazily and predicted in batches in threads, in bounded memory; the first batches are small. Close
    the iterator if you do not exhaust it.

    Args:
        predictor: The model.
        files: Photographs; a file that cannot be read gives a result with an error.
        largest: Only the largest face of each photograph.
        batch: Most photographs that are predicted at once; ages do not depend on it.
    """
    waiting: deque[Path] = deque()

    def taken() -> Iterator[Path]:
        for path in files:
            waiting.append(path)
            yield path

    with closing(predictor.predict_each(taken(), largest=largest, batch=batch)) as results:
        for found in results:
            yield file_prediction(waiting.popleft(), found)


def file_prediction(path: Path, found: FacePredictions | ImageError) -> FilePrediction:
    """Return the result for a file, from its faces or the error of reading it."""
    if isinstance(found, ImageError):
        error = "no_images: the folder contains no images" if path.is_dir() else str(found)
        return FilePrediction(path, error=error)
    return FilePrediction(path, tuple(found), error="" if found else NO_FACE, notes=found.notes)


def check_predicts_gender(card: ModelCard) -> None:
    """Raise `WeightsError` unless the model has the output `gender`."""
    if "gender" not in card.attributes:
        msg = (
            f"The model {card.name} does not predict gender. Leave out --gender, or train a model with "
            "model.attributes: [gender]."
        )
        raise WeightsError(msg)


def has_current_detector(card: ModelCard) -> bool:
    """Return whether the model was trained on crops of the face detector that is in use."""
    return bool(card.detector.get("sha256") == read_hashes()[DETECTOR_RUNTIME.with_suffix(".bin").name])
