"""What is shipped answers as Keras does, or is not shipped."""

import json

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.faces.crop import CropShape
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.export import export_model
from agelens.models.serving.predictor import MODEL_FILE, ModelCard
from agelens.models.serving.runtime import Network
from tests.factories import FIVE_GROUPS
from tests.models.small_networks import SIZE, ages_of, build_tiny_age_net, noise_crops

CROPS = noise_crops(40)
CARD = ModelCard(
    name="tiny",
    shape=CropShape(size=SIZE),
    detector={"image_size": 320},
    groups=FIVE_GROUPS,
    calibration=Calibration(coverage=0.9, edges=(), half_widths=(7.5,)),
    facts={"licence": "AGPL-3.0-or-later"},
)


@pytest.fixture(scope="module")
def age_net():
    return build_tiny_age_net()


@pytest.fixture(scope="module")
def expected(age_net):
    return ages_of(age_net, CROPS)


def test_served_ages_equal_those_of_keras(age_net, expected, tmp_path):
    said = []
    folder = tmp_path / "exported"
    difference = export_model(age_net, CARD, folder=folder, crops=CROPS, expected=expected, say=said.append)
    served = Network(folder / "age_net.xml")(CROPS)["age"][:, 0]
    assert np.abs(served - expected).max() <= 0.05
    assert difference == pytest.approx(np.abs(served - expected).mean(), abs=1e-4)
    assert "over 40 crops" in said[0]
    assert sorted(path.name for path in folder.iterdir()) == ["age_net.bin", "age_net.xml", "model.json"]
    assert json.loads((folder / MODEL_FILE).read_text()) == CARD.as_json()


def test_gender_is_served_and_ethnicity_stays_behind(tmp_path):
    network = build_tiny_age_net(attributes=("gender", "ethnicity"))
    crops = CROPS[:4]
    export_model(network, CARD, folder=tmp_path, crops=crops, expected=ages_of(network, crops))
    served = Network(tmp_path / "age_net.xml")(crops)
    assert served.keys() == {"age", "age_group", "age_distribution", "gender"}
    np.testing.assert_allclose(served["gender"], np.asarray(network(crops)["gender"]), atol=0.01)
    assert "ethnicity" not in (tmp_path / "age_net.xml").read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda ages: ages + 0.2, id="off by more than allowed"),
        pytest.param(lambda ages: np.where(np.arange(40) < 39, ages, np.nan), id="not a number"),
    ],
)
def test_a_network_that_answers_otherwise_is_refused_and_leaves_no_card(wrong, age_net, expected, tmp_path):
    (tmp_path / MODEL_FILE).write_text("the card of an earlier export")
    with pytest.raises(DataError, match=r"within 0\.05 years of Keras's"):
        export_model(age_net, CARD, folder=tmp_path, crops=CROPS, expected=wrong(expected))
    assert not (tmp_path / MODEL_FILE).exists()


def test_another_network_than_the_evaluated_one_is_refused(expected, tmp_path):
    other = build_tiny_age_net(seed=9)
    other.get_layer("head").get_layer("age_distribution").bias.assign(np.linspace(0, 5, 101))
    with pytest.raises(DataError, match=r"within 0\.05 years"):
        export_model(other, CARD, folder=tmp_path, crops=CROPS, expected=expected)
    assert not (tmp_path / MODEL_FILE).exists()
