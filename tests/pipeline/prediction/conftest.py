"""`agelens predict` on drawn photographs, with the bundled detector and a small untrained network."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.images import write_jpeg
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.data_prep.synthetic.photo import draw_landscape, make_detector_examples
from agelens.models.calibration.calibration import Calibration
from agelens.models.network.age_net import build_age_net
from agelens.models.network.backbones import build_backbone
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.serving.export import export_model
from agelens.models.serving.model_card import ModelCard
from agelens.pipeline.config.fingerprints import file_hash
from agelens.weights.defaults import DETECTOR_RUNTIME
from tests.factories import FIVE_GROUPS
from tests.models.small_networks import noise_crops, outputs_of

SIZE = 64

CARD = ModelCard(
    name="untrained",
    shape=CropShape(size=SIZE),
    framing=Framing("box", SIZE),
    detector={
        "name": "embedded",
        "image_size": 320,
        "min_score": 0.3,
        "sha256": file_hash(DETECTOR_RUNTIME.with_suffix(".bin")),
    },
    groups=FIVE_GROUPS,
    calibration=Calibration(coverage=0.9, edges=(), half_widths=(7.5,)),
    facts={"training_data": "nothing at all", "licence": "none"},
)


def write_untrained(folder: Path, card: ModelCard, **config: object) -> Path:
    backbone = build_backbone("tiny", input_shape=(SIZE, SIZE, 3), weights="none")
    head = build_head(HeadConfig(units=8, **config), features=backbone.output_shape[-1], groups=len(FIVE_GROUPS))
    network = build_age_net(backbone, head)
    crops = noise_crops(2, size=SIZE)
    export_model(network, card, folder=folder, crops=crops, expected=outputs_of(network, crops))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return the folder of an exported untrained network."""
    return write_untrained(tmp_path_factory.mktemp("untrained"), CARD)


@pytest.fixture(scope="module")
def model_with_gender(tmp_path_factory):
    """Return the folder of one with the output gender, and with ethnicity, which is never served."""
    card = replace(CARD, attributes={"gender": ("female", "male")})
    return write_untrained(tmp_path_factory.mktemp("with_gender"), card, attributes=("gender", "ethnicity"))


@pytest.fixture(scope="module")
def company():
    """Return a photograph of three people and their boxes."""
    image, boxes = next(islice(make_detector_examples(17, seed=1), 16, None))
    assert len(boxes) == 3
    return image, boxes


@pytest.fixture
def photos(folder, company):
    """Return a folder with two photographs: one of three people, one without people."""
    write_jpeg(folder / "company.jpg", company[0])
    write_jpeg(folder / "landscape.jpg", draw_landscape(rng=np.random.default_rng(1)))
    return folder


@pytest.fixture
def predict(agelens, model):
    """Return `agelens predict` with the small model."""
    return lambda *words: agelens("predict", *words, "--model", str(model))


@pytest.fixture
def table_of(predict, folder):
    """Return `agelens predict --csv` as a function from arguments to the table that it writes."""

    def read(*words: str) -> pd.DataFrame:
        status, _, err = predict(*words, "--csv", str(folder / "faces.csv"))
        assert (status, err) == (0, "")
        return pd.read_csv(folder / "faces.csv")

    return read
