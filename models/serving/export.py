"""Writes a trained network as an OpenVINO model with a model card, and compares it with Keras."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.core.openvino_requests import Precision, has_bfloat16
from agelens.models.serving.face_batches import NETWORK_BATCH
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from agelens.models.serving.model_files import NETWORK_FILE, hash_files
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network, write_network

Floats = npt.NDArray[np.floating[Any]]

MAX_AGE_DIFFERENCE = 0.05
"""Years by which exported ages may differ from those of Keras, on average."""

MAX_PROBABILITY_DIFFERENCE = 0.01
"""Probability by which each exported softmax may differ from that of Keras, on average (total variation distance)."""


def export_model(
    age_net: Any, card: ModelCard, *, folder: Path, crops: Pixels, expected: Mapping[str, Floats]
) -> dict[str, float]:
    """Write a network and its card, after comparing every exported output with Keras.

    The card is written last. It has the hashes of all files, and chooses bfloat16 for the computation if this processor
    has it and every output stays within the limits: it is up to three times as fast.

    Args:
        age_net: The trained Keras network.
        card: Its model card.
        folder: For `age_net.xml`, `age_net.bin` and `model.json`.
        crops: `uint8 (N, S, S, 3)` validation crops on which the outputs are compared.
        expected: `(N, ...)` outputs of Keras for them, by name; must include every exported output.

    Returns:
        The mean difference of each exported output: in years for `age`, else a probability.

    Raises:
        DataError: An output differs by more than `MAX_AGE_DIFFERENCE` or `MAX_PROBABILITY_DIFFERENCE`; the card is
            not written then, so the folder is not a model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)
    write_network(folder / NETWORK_FILE, convert_network(_exported_part(age_net)))
    differences = _differences(folder, crops, expected, precision="float32")
    for name, difference in differences.items():
        if not difference <= _limit(name):  # written so that NaN is rejected too
            msg = (
                f"The exported output {name} must differ from that of Keras by at most {_limit(name)} on average. "
                f"Received: {difference:.3f}."
            )
            raise DataError(msg)
    precision: Precision = "float32"
    if has_bfloat16():
        reduced = _differences(folder, crops, expected, precision="bfloat16")
        if all(difference <= _limit(name) for name, difference in reduced.items()):
            precision, differences = "bfloat16", reduced
    finished = replace(card, precision=precision, files=hash_files(folder))
    write_json(folder / MODEL_FILE, finished.as_json())
    return differences


def _differences(
    folder: Path, crops: Pixels, expected: Mapping[str, Floats], *, precision: Precision
) -> dict[str, float]:
    """Return the mean difference of each output of the written network, computed in a precision, from Keras."""
    network = OpenVinoNetwork(folder / NETWORK_FILE, precision=precision)
    batches = [crops[start : start + NETWORK_BATCH] for start in range(0, len(crops), NETWORK_BATCH)]
    outputs = list(network.run(batches))
    found = {name: np.concatenate([output[name] for output in outputs]) for name in outputs[0]}
    return {name: _difference(name, array, expected[name]) for name, array in found.items()}


def _limit(output: str) -> float:
    return MAX_AGE_DIFFERENCE if output == "age" else MAX_PROBABILITY_DIFFERENCE


def _difference(name: str, found: Floats, expected: Floats) -> float:
    """Return the mean absolute difference of ages, or the mean total variation distance of softmax outputs."""
    distance = np.abs(np.asarray(found, np.float64) - expected).reshape(len(found), -1).sum(axis=1)
    return float(distance.mean() if name == "age" else distance.mean() / 2)


def _exported_part(age_net: Any) -> Any:
    """Return the network without the outputs that are not exported."""
    hidden = {name for name, attribute in ATTRIBUTES.items() if not attribute.exported}
    if not hidden & age_net.output.keys():
        return age_net
    outputs = {name: output for name, output in age_net.output.items() if name not in hidden}
    return keras.Model(age_net.input, outputs, name=age_net.name)
