"""Addresses of models on the hub: those that are read, and those that are refused."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.models.hub.address import HubAddress, is_address
from agelens.models.hub.locate import locate_model
from agelens.weights.defaults import AGE_MODEL

SHA = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("hf://anna/faces", HubAddress("anna/faces")),
        ("hf://anna/faces-2.1", HubAddress("anna/faces-2.1")),
        ("hf://anna/faces@v1", HubAddress("anna/faces", "v1")),
        (f"hf://anna/faces#{SHA}", HubAddress("anna/faces", "main", SHA)),
        (f"hf://anna/faces@refs/pr/1#{SHA}", HubAddress("anna/faces", "refs/pr/1", SHA)),
    ],
)
def test_addresses_are_read_and_written(text, address):
    assert HubAddress.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        *("hf://", "hf://anna", "hf://anna/", "hf://anna/faces/model.json", "hf://anna/faces#12", "hf://anna/faces@"),
        *("hf://../faces", "hf://anna/..", "hf://anna/faces@../../x", "hf://anna/fa ces", "hf://anna/faces\n", "x"),
    ],
)
def test_other_addresses_are_refused(text):
    with pytest.raises(WeightsError, match="must be hf://owner/name"):
        HubAddress.parse(text)


def test_a_model_is_a_folder_unless_it_is_an_address():
    assert locate_model(None) == AGE_MODEL
    assert locate_model("weights/exported") == locate_model(Path("weights/exported")) == Path("weights/exported")
    assert not is_address(Path("hf:/anna/faces"))
