"""Where a model is: the bundled one, a folder, or a model on the Hugging Face Hub."""

import os
from pathlib import Path

from agelens.models.hub.address import HubAddress, is_address
from agelens.weights.defaults import AGE_MODEL


def locate_model(model: str | os.PathLike[str] | None) -> Path:
    """Return the folder of a model; download it if it is named by an address.

    Args:
        model: A folder, `hf://owner/name[@revision][#sha256]`, or None for the bundled model.

    Raises:
        WeightsError: A model on the hub cannot be loaded.
    """
    if model is None:
        return AGE_MODEL
    if is_address(model):
        from agelens.models.hub.download import fetch_model  # noqa: PLC0415

        return fetch_model(HubAddress.parse(str(model)))
    return Path(model)
