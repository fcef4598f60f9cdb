"""The service: one image or several in, ages out. Images stay in memory and are forgotten with the answer."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi_offline import FastAPIOffline

from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.text import plain_markdown
from agelens.pipeline.service.answers import BatchAnswer, ErrorAnswer, HealthAnswer, ImageAnswer, model_answer
from agelens.pipeline.service.limits import BodyLimit, Gate, PrivateAnswers
from agelens.pipeline.service.requests import Options, PredictionRequests
from agelens.pipeline.service.settings import ServiceSettings

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "The image is damaged, or the form cannot be read."},
    401: {"model": ErrorAnswer, "description": "The token is missing or wrong."},
    408: {"model": ErrorAnswer, "description": "The request did not arrive in time."},
    413: {"model": ErrorAnswer, "description": "The request or the image is too large, or has too many images."},
    415: {"model": ErrorAnswer, "description": "This is no image of a known format."},
    422: {"model": ErrorAnswer, "description": "There is no image, or a query parameter is wrong."},
    429: {
        "model": ErrorAnswer,
        "description": "Too many requests from this address; `Retry-After` says how many seconds to wait.",
    },
    503: {
        "model": ErrorAnswer,
        "description": "Too many requests are waiting; `Retry-After` says how many seconds to wait.",
    },
}

BINARY = {"type": "string", "format": "binary"}
ONE_IMAGE = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": BINARY},
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["image"], "properties": {"image": BINARY}}
            },
        },
    }
}
SEVERAL_IMAGES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["images"],
                    "properties": {"images": {"type": "array", "items": BINARY}},
                }
            }
        },
    }
}


def create_service(predictor: AgePredictor, *, sha256: str, version: str, settings: ServiceSettings) -> FastAPI:
    """Return the application.

    Args:
        predictor: The model.
        sha256: Identifies the model in `/health`.
        version: Of agelens.
        settings: Its limits.
    """
    service = FastAPIOffline(title="agelens", version=version, description=_describe(predictor))
    limit = BodyLimit(service, settings.max_bytes)
    gate = Gate(token=settings.token, rate=settings.rate)
    router = APIRouter(dependencies=[Depends(limit.check_announced), Depends(gate.check)])
    _add_predictions(router, PredictionRequests(predictor, settings))
    service.include_router(router)
    service.add_middleware(BodyLimit, max_bytes=settings.max_bytes)
    service.add_middleware(PrivateAnswers)

    @service.get("/health")
    def health() -> HealthAnswer:
        """Return that the service runs, and with which model."""
        return HealthAnswer(status="ok", version=version, model=model_answer(predictor.card, sha256=sha256))

    return service


def _add_predictions(router: APIRouter, requests: PredictionRequests) -> None:
    @router.post("/predict", responses=ERRORS, openapi_extra=ONE_IMAGE)
    async def predict(request: Request, options: Annotated[Options, Depends()]) -> ImageAnswer:
        """Predict the ages of the faces in one image: the body of the request, or the field `image` of a form.

        An image without a face has status 200 and no faces.
        """
        return await requests.answer_one(request, options)

    @router.post("/predict/batch", responses=ERRORS, openapi_extra=SEVERAL_IMAGES)
    async def predict_batch(request: Request, options: Annotated[Options, Depends()]) -> BatchAnswer:
        """Predict several images of a form, field `images`. One that cannot be used has an error and stops no other."""
        return await requests.answer_several(request, options)


def _describe(predictor: AgePredictor) -> str:
    card = predictor.card
    return (
        f"Ages of faces, with prediction intervals that contain the true age of {card.calibration.coverage:.0%} of "
        f"faces like those of the test data. Model: {plain_markdown(card.name)}, trained on "
        f"{plain_markdown(card.facts.get('training_data'))}. {plain_markdown(card.facts.get('intended_use', ''))} "
        "Images are held in memory until they are answered and then forgotten."
    )


for parser in ("multipart", "python_multipart"):  # they would log parts of what was sent
    logging.getLogger(parser).setLevel(logging.ERROR)
