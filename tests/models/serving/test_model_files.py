"""A model with a damaged, exchanged or missing file is refused, and so is a card with values of a wrong type."""

import copy
import json
import shutil

import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from agelens.models.serving.model_files import MODEL_FILES, check_files, hash_files
from agelens.models.serving.predictor import AgePredictor
from agelens.weights.defaults import AGE_MODEL
from tests.damage import DAMAGES

CONTENT = json.loads((AGE_MODEL / MODEL_FILE).read_text(encoding="utf-8"))


def error_of(folder):
    """Return the message with which a card is refused; None if it is read."""
    try:
        ModelCard.read(folder)
    except WeightsError as error:
        return str(error)
    return None


@pytest.fixture
def model(tmp_path):
    """A copy of the bundled model."""
    shutil.copytree(AGE_MODEL, tmp_path / "model")
    return tmp_path / "model"


def test_the_bundled_model_has_the_hash_of_every_file():
    assert set(CONTENT["files"]) == set(MODEL_FILES)
    assert hash_files(AGE_MODEL) == CONTENT["files"]


@pytest.mark.parametrize("name", MODEL_FILES)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused(model, name, damage):
    (model / name).write_bytes(damage((model / name).read_bytes()))
    with pytest.raises(WeightsError, match=f"{name} is not the file that was exported"):
        AgePredictor.load(model)


@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_missing_file_is_refused(model, name):
    (model / name).unlink()
    with pytest.raises(WeightsError, match=f"{name} is missing"):
        AgePredictor.load(model)


def test_files_of_two_models_do_not_go_together(model):
    (model / "age_net.xml").write_bytes((model / "training_hashes.txt").read_bytes())
    with pytest.raises(WeightsError, match=r"age_net\.xml"):
        check_files(model, CONTENT["files"])


def test_a_card_of_an_earlier_version_has_no_hashes(model):
    card = {key: value for key, value in CONTENT.items() if key not in {"files", "precision"}}
    (model / MODEL_FILE).write_text(json.dumps(card))
    read = ModelCard.read(model)
    assert (dict(read.files), read.precision) == ({}, "float32")
    assert len(AgePredictor.load(model).card.groups) == 5


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_card_is_refused_or_read(model, damage):
    """A flipped bit may leave another valid card; anything else is one line."""
    (model / MODEL_FILE).write_bytes(damage((model / MODEL_FILE).read_bytes()))
    line = error_of(model)
    assert line is None or (str(model / MODEL_FILE) in line and "\n" not in line)


def places(content, before=()):
    """Yield the place of every value in a card."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from places(value, (*before, key))


def changed(place, value):
    card = copy.deepcopy(CONTENT)
    inner = card
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return card


WRONG = (None, "text", -1, 10**30, 0.5, True, [], {}, [1, "x"], {"a": []}, float("nan"))

CHECKED = (
    *("name", "crop", "framing", "detector", "age_groups", "calibration", "attributes", "precision", "files"),
    *("training_data", "licence", "intended_use", "test_metrics"),
)


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_a_wrong_type_anywhere_is_no_traceback(tmp_path, value):
    refused = 0
    for place in places({key: CONTENT[key] for key in CHECKED}):
        (tmp_path / MODEL_FILE).write_text(json.dumps(changed(place, value)))
        line = error_of(tmp_path)
        refused += line is not None
        assert line is None or "\n" not in line
    assert refused


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("crop", "size"), "192", "crop.size must be a whole number from 16 to 2048, not '192'"),
        (("crop", "size"), True, "crop.size must be a whole number"),
        (("crop", "margin_fraction"), float("nan"), "crop.margin_fraction must be a number from 0 to 2"),
        (("detector", "image_size"), 1e9, "detector.image_size must be a whole number"),
        (("precision",), "float16", "precision must be one of float32, bfloat16"),
        (("attributes", "gender"), "female", "attributes must be a mapping of lists of names"),
        (("training_data",), ["UTKFace"], "training_data must be text"),
        (("files",), {"age_net.xml": 3}, "files must be a mapping of names to hashes"),
        (("age_groups",), ["0", "13"], "age_groups must be a list of whole numbers"),
        (("age_groups",), [13, 0], "age"),
        (("calibration", "coverage"), 3, "coverage"),
        (("format",), 2, "it must have format 1, not 2"),
    ],
)
def test_a_wrong_value_is_named(tmp_path, place, value, message):
    (tmp_path / MODEL_FILE).write_text(json.dumps(changed(place, value)))
    with pytest.raises(WeightsError, match=r"model\.json is damaged") as caught:
        ModelCard.read(tmp_path)
    assert message in str(caught.value)
