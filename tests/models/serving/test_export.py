"""An exported model predicts what Keras predicts, or is not written."""

import json

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.export import export_model
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from agelens.models.serving.model_files import hash_files
from agelens.models.serving.runtime import OpenVinoNetwork
from tests.factories import FIVE_GROUPS
from tests.models.small_networks import SIZE, build_tiny_age_net, noise_crops, outputs_of

CROPS = noise_crops(40)
CARD = ModelCard(
    name="tiny",
    shape=CropShape(size=SIZE),
    framing=Framing("box", SIZE),
    detector={"image_size": 320},
    groups=FIVE_GROUPS,
    calibration=Calibration(coverage=0.9, edges=(), half_widths=(7.5,)),
    facts={"licence": "AGPL-3.0-or-later"},
)


@pytest.fixture(scope="module")
def age_net():
    return build_tiny_age_net(attributes=("gender", "ethnicity"))


@pytest.fixture(scope="module")
def expected(age_net):
    return outputs_of(age_net, CROPS)


def test_every_exported_output_equals_that_of_keras(age_net, expected, tmp_path):
    folder = tmp_path / "exported"
    differences = export_model(age_net, CARD, folder=folder, crops=CROPS, expected=expected)
    exported = OpenVinoNetwork(folder / "age_net.xml")(CROPS)
    assert differences.keys() == exported.keys() == {"age", "age_group", "age_distribution", "gender"}
    for name, output in exported.items():
        np.testing.assert_allclose(output, expected[name], atol=0.05 if name == "age" else 0.01)
    assert differences["age"] == pytest.approx(np.abs(exported["age"] - expected["age"]).mean(), abs=1e-4)
    assert sorted(path.name for path in folder.iterdir()) == ["age_net.bin", "age_net.xml", "model.json"]
    card = json.loads((folder / MODEL_FILE).read_text())
    assert card.pop("files") == hash_files(folder)
    assert card.pop("precision") in {"float32", "bfloat16"}
    assert {"files": {}, "precision": "float32", **card} == CARD.as_json()


def test_ethnicity_is_not_exported(age_net, expected, tmp_path):
    export_model(age_net, CARD, folder=tmp_path, crops=CROPS, expected=expected)
    assert "gender" in (tmp_path / "age_net.xml").read_text()
    assert "ethnicity" not in (tmp_path / "age_net.xml").read_text()


def shifted(output):
    """Return probabilities of which 0.02 are moved from each row to its least probable class."""
    moved = output * 0.98
    moved[np.arange(len(output)), output.argmin(axis=1)] += 0.02
    return moved


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("age", lambda ages: ages + 0.2, id="age"),
        pytest.param("age", lambda ages: np.where(np.arange(40)[:, None] < 39, ages, np.nan), id="age not a number"),
        pytest.param("age_group", shifted, id="age_group"),
        pytest.param("age_distribution", shifted, id="age_distribution"),
        pytest.param("gender", shifted, id="gender"),
    ],
)
def test_an_export_with_another_output_is_rejected_and_has_no_card(name, change, age_net, expected, tmp_path):
    (tmp_path / MODEL_FILE).write_text("the card of an earlier export")
    wrong = expected | {name: change(expected[name])}
    with pytest.raises(DataError, match=rf"The exported output {name} must differ from that of Keras by at most"):
        export_model(age_net, CARD, folder=tmp_path, crops=CROPS, expected=wrong)
    assert not (tmp_path / MODEL_FILE).exists()


def test_differences_within_the_limits_are_accepted(age_net, expected, tmp_path):
    near = expected | {"age": expected["age"] + 0.03}
    near["age_group"] = 0.995 * expected["age_group"] + 0.001
    export_model(age_net, CARD, folder=tmp_path, crops=CROPS, expected=near)
    assert (tmp_path / MODEL_FILE).exists()
