"""The served model: the network as an OpenVINO graph beside a card that says how to use it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels
from agelens.models.serving.predictor import MODEL_FILE, NETWORK_FILE, ModelCard
from agelens.models.serving.runtime import Network, convert_network, write_network

NOT_SERVED = {"ethnicity"}
"""Outputs that stay behind: that one helps training and the report on fairness, and is nobody's to be told."""

MAX_MEAN_DIFFERENCE = 0.05
"""Years by which the served ages may differ from Keras's on average; a larger gap is not shipped."""


def export_model(
    age_net: Any,
    card: ModelCard,
    *,
    folder: Path,
    crops: Pixels,
    expected: npt.NDArray[np.floating[Any]],
    say: Callable[[str], None] = lambda _: None,
) -> float:
    """Write a network and its card, after checking that it answers as Keras does.

    Args:
        age_net: The trained Keras network.
        card: Its contract.
        folder: Where `age_net.xml`, `age_net.bin` and `model.json` go.
        crops: `uint8 (N, S, S, 3)` validation crops to compare on.
        expected: `(N,)` ages that Keras gives for them.
        say: Told how large the difference is.

    Returns:
        The mean absolute difference in years.

    Raises:
        DataError: The difference is more than 0.05 years on average; nothing is shipped then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)  # without its card a folder is no model, should this be cut short
    write_network(folder / NETWORK_FILE, convert_network(_served_part(age_net)))
    network = Network(folder / NETWORK_FILE)
    served = np.concatenate([network(crops[i : i + 32])["age"][:, 0] for i in range(0, len(crops), 32)])
    difference = float(np.abs(served - expected).mean())
    say(f"served ages differ from Keras's by {difference:.4f} years on average over {len(crops)} crops")
    if not difference <= MAX_MEAN_DIFFERENCE:  # so that NaN, which is neither more nor less, is not shipped either
        msg = f"Served ages must stay within {MAX_MEAN_DIFFERENCE} years of Keras's. Received: {difference:.3f}."
        raise DataError(msg)
    write_json(folder / MODEL_FILE, card.as_json())
    return difference


def _served_part(age_net: Any) -> Any:
    """Return the network without the outputs that are not served."""
    if not NOT_SERVED & age_net.output.keys():
        return age_net
    served = {name: output for name, output in age_net.output.items() if name not in NOT_SERVED}
    return keras.Model(age_net.input, served, name=age_net.name)
