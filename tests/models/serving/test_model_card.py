"""Model cards: written, read back, and rejected if damaged."""

import json
from dataclasses import replace

import pytest

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from tests.factories import FIVE_GROUPS

CARD = ModelCard(
    name="by hand",
    shape=CropShape(size=16, margin_fraction=0.0),
    framing=Framing("box", 16),
    detector={"image_size": 320, "min_score": 0.3},
    groups=FIVE_GROUPS,
    calibration=Calibration(coverage=0.9, edges=(30.0,), half_widths=(5.0, 10.0)),
    facts={"backbone": "none", "licence": "AGPL-3.0-or-later", "metrics": {"mae": 4.75}},
    attributes={"gender": ("female", "male")},
)


def test_json_round_trip(tmp_path):
    write_json(tmp_path / MODEL_FILE, CARD.as_json())
    assert ModelCard.read(tmp_path) == CARD


@pytest.mark.parametrize(("genders", "attributes"), [(["female", "male"], CARD.attributes), ([], {})])
def test_cards_of_older_versions_are_read(genders, attributes, tmp_path):
    old = CARD.as_json() | {"genders": genders}
    del old["attributes"]
    write_json(tmp_path / MODEL_FILE, old)
    assert ModelCard.read(tmp_path).attributes == attributes
    assert "genders" not in ModelCard.read(tmp_path).facts


def test_a_folder_without_a_card_is_rejected(tmp_path):
    with pytest.raises(WeightsError, match=r"is not an exported model: it has no model\.json"):
        ModelCard.read(tmp_path)


def test_a_card_of_another_format_is_rejected(tmp_path):
    write_json(tmp_path / MODEL_FILE, {**CARD.as_json(), "format": 2})
    with pytest.raises(WeightsError, match=r"it must have format 1, not 2\. Export the model again"):
        ModelCard.read(tmp_path)


def without(key):
    return json.dumps({name: value for name, value in CARD.as_json().items() if name != key})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param(json.dumps(CARD.as_json())[:60], id="truncated"),
        pytest.param("[1, 2]", id="not an object"),
        pytest.param(without("crop"), id="no crop"),
        pytest.param(without("age_groups"), id="no age groups"),
        pytest.param(json.dumps({**CARD.as_json(), "crop": {"side": 160}}), id="another crop"),
        pytest.param(json.dumps({**CARD.as_json(), "attributes": ["gender"]}), id="attributes without classes"),
        pytest.param(json.dumps({**CARD.as_json(), "labels": [{"source": "utkface"}]}), id="labels of no origin"),
        pytest.param(json.dumps({**CARD.as_json(), "labels": "apparent"}), id="labels without sources"),
    ],
)
def test_a_damaged_card_is_rejected(content, tmp_path):
    (tmp_path / MODEL_FILE).write_text(content)
    with pytest.raises(WeightsError, match=r"model\.json .*Export the model again"):
        ModelCard.read(tmp_path)


def test_a_card_states_what_the_ages_of_each_source_are():
    rows = [
        {"source": "fgnet", "age_origin": "real", "faces": 10, "exact_share": 1.0},
        {"source": "adience", "age_origin": "apparent", "faces": 10, "exact_share": 0.2},
        {"source": "album", "age_origin": "unknown"},
    ]
    card = replace(CARD, facts={**CARD.facts, "labels": rows})
    assert card.age_labels == {"fgnet": "real", "adience": "apparent interval", "album": "unknown"}
    assert replace(CARD, facts={}).age_labels == {}
