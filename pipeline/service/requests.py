"""Requests for predictions: from the images of a request to its answer."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import HTTPException, Query, Request

from agelens.data_prep.core.errors import ImageError, WeightsError
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.service.answers import BatchAnswer, ImageAnswer, NamedImageAnswer, face_answer
from agelens.pipeline.service.limits import Workplace
from agelens.pipeline.service.settings import ServiceSettings
from agelens.pipeline.service.uploads import Upload, read_form, read_image

STATUS_OF_REASON = {"too_large": 413, "not_an_image": 415, "unsupported": 415}
"""Status codes for the reasons of image errors; all others are 400."""


@dataclass(frozen=True)
class Options:
    """The query parameters of a request."""

    largest: Annotated[bool, Query(description="Only the largest face of each image.")] = False
    gender: Annotated[bool, Query(description="Also predict gender, as annotators would label the face.")] = False
    distribution: Annotated[bool, Query(description="Also return the probability of each age from 0 to 100.")] = False


class PredictionRequests:
    """Answers requests with the predictions of one model.

    Args:
        predictor: The model; its predictions are thread-safe.
        settings: The limits.
    """

    def __init__(self, predictor: AgePredictor, settings: ServiceSettings) -> None:
        self.predictor, self.settings = predictor, settings
        self._workplace = Workplace(
            concurrency=settings.concurrency, queue=settings.queue, body_seconds=settings.body_seconds
        )

    async def answer_one(self, request: Request, options: Options) -> ImageAnswer:
        """Return the faces of the one image of a request."""
        self._check(options)
        try:
            with self._workplace.place():
                image = await self._workplace.receive(read_image(request, max_bytes=self.settings.max_bytes))
                predict = partial(self.predictor.predict, largest=options.largest, distribution=options.distribution)
                faces = await self._workplace.run(partial(predict, image))
        except ImageError as error:
            raise HTTPException(STATUS_OF_REASON.get(error.reason, 400), str(error)) from error
        except WeightsError as error:  # no age distribution
            raise HTTPException(422, str(error)) from error
        return ImageAnswer(faces=self._faces(faces, options), warnings=list(faces.notes))

    async def answer_several(self, request: Request, options: Options) -> BatchAnswer:
        """Return the faces, or the error, of each image of a form."""
        self._check(options)
        limits = {"max_images": self.settings.max_images, "max_bytes": self.settings.max_bytes}
        try:
            with self._workplace.place():
                uploads = await self._workplace.receive(read_form(request, field="images", **limits))
                found = await self._workplace.run(partial(self._predict_each, uploads, options))
        except WeightsError as error:
            raise HTTPException(422, str(error)) from error
        images = [self._named(upload.name, one, options) for upload, one in zip(uploads, found, strict=True)]
        return BatchAnswer(images=images)

    def _check(self, options: Options) -> None:
        if options.gender and "gender" not in self.predictor.card.attributes:
            raise HTTPException(422, "this model does not predict gender")

    def _predict_each(self, uploads: list[Upload], options: Options) -> list[Any]:
        contents = [upload.content for upload in uploads]
        found = self.predictor.predict_each(contents, largest=options.largest, distribution=options.distribution)
        return list(found)

    def _named(self, name: str, found: Any, options: Options) -> NamedImageAnswer:
        if isinstance(found, ImageError):
            return NamedImageAnswer(name=name, faces=[], warnings=[], error=str(found))
        faces, notes = self._faces(found, options), list(found.notes)
        return NamedImageAnswer(name=name, faces=faces, warnings=notes, error=None)

    def _faces(self, faces: Any, options: Options) -> list[Any]:
        return [face_answer(face, self.predictor.card, gender=options.gender) for face in faces]
