"""The raw outputs of the trained network for the rows of a split, before calibration."""

import warnings
from typing import Any

import keras
import numpy as np
import pandas as pd

from agelens.data_prep.batches.damaged_crops import naming_damaged_crops
from agelens.data_prep.batches.dataset import make_dataset
from agelens.data_prep.core.archives import DAMAGED_ARCHIVE
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels
from agelens.models.network.age_net import average_with_mirror_image
from agelens.models.serving.runtime import NetworkOutputs
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import progress_bar
from agelens.pipeline.training_data.framing import frame_rows

PREDICTION_BATCH = 64


def read_age_net(params: Params, paths: Paths) -> Any:
    """Read the trained network; with `model.flip_average` it averages the outputs for an image and its mirror image.

    Raises:
        WeightsError: The network has not been trained, or its file is damaged.
    """
    if not paths.age_net.is_file():
        msg = f"There is no trained network at {paths.age_net}; run `dvc repro train`."
        raise WeightsError(msg)
    # Uncompiled, so that Keras does not need the classes of the losses.
    try:
        with warnings.catch_warnings():
            # Keras warns where a damaged file lacks the weights of a layer, and leaves them as they are.
            warnings.filterwarnings("error", message="Skipping nested container")
            network = keras.saving.load_model(paths.age_net, compile=False)
    except (*DAMAGED_ARCHIVE, AttributeError, IndexError, RuntimeError, UserWarning) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        msg = f"{paths.age_net} is damaged ({reason}). Run `dvc repro train`."
        raise WeightsError(msg) from error
    return average_with_mirror_image(network) if params.model.flip_average else network


def predict_rows(network: Any, table: pd.DataFrame, *, params: Params, paths: Paths, label: str) -> NetworkOutputs:
    """Return all outputs of the network for the crops of a table, in its order."""
    size = network.input_shape[1]
    crops = frame_rows(table, params, folder=paths.crops)
    dataset = make_dataset(crops, {}, size=size, batch_size=PREDICTION_BATCH)
    found: list[NetworkOutputs] = []
    with progress_bar(label, total=len(table)) as advance, naming_damaged_crops(crops):
        for images, *_ in dataset:
            found.append(network.predict_on_batch(images))
            advance(len(images))
    return {name: np.concatenate([outputs[name] for outputs in found]) for name in network.output}


def predict_views(network: Any, views: Pixels) -> NetworkOutputs:
    """Return all outputs of the network for views `uint8 (N, side, side, 3)`, in their order."""
    parts = [views[start : start + PREDICTION_BATCH] for start in range(0, len(views), PREDICTION_BATCH)]
    found: list[NetworkOutputs] = [network.predict_on_batch(part) for part in parts]
    return {name: np.concatenate([outputs[name] for outputs in found]) for name in network.output}
