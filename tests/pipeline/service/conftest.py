"""The service around the bundled model, without a network."""

from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient

from agelens import AgePredictor
from agelens.data_prep.core.images import encode_jpeg
from agelens.data_prep.synthetic.photo import draw_landscape, make_detector_examples
from agelens.pipeline.service.app import create_service
from agelens.pipeline.service.settings import ServiceSettings


@pytest.fixture(scope="session")
def predictor() -> AgePredictor:
    return AgePredictor.load()


@pytest.fixture(scope="session")
def company() -> bytes:
    """Return a JPEG of three drawn people."""
    images = [image for image, boxes in make_detector_examples(17, seed=1) if len(boxes) == 3]
    return encode_jpeg(images[-1])


@pytest.fixture(scope="session")
def landscape() -> bytes:
    """Return a JPEG without people."""
    return encode_jpeg(draw_landscape(rng=np.random.default_rng(1)))


@pytest.fixture(scope="session")
def client_with(predictor: AgePredictor) -> Callable[..., TestClient]:
    """Return a client of a service with settings."""

    def make(**settings: object) -> TestClient:
        made = ServiceSettings(**{"rate": "", **settings})
        return TestClient(create_service(predictor, sha256="f" * 64, version="1", settings=made))

    return make


@pytest.fixture(scope="session")
def client(client_with: Callable[..., TestClient]) -> TestClient:
    return client_with()
