"""What is exported: the trained network of a project, or an exported model, with the faces to compare on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.tables import SPLIT, read_table
from agelens.models.exports.calibrated_network import build_calibrated_network
from agelens.models.exports.comparison import Floats, expected_outputs
from agelens.models.exports.export import Faces
from agelens.models.exports.openvino_reader import read_openvino_network
from agelens.models.hub.locate import locate_model
from agelens.models.serving.face_batches import NETWORK_BATCH
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from agelens.models.serving.model_files import NETWORK_FILE, check_files
from agelens.models.serving.runtime import NetworkOutputs, OpenVinoNetwork
from agelens.pipeline.config.lineage import check_lineage
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.exports.photographs import views_of_photographs
from agelens.pipeline.training_data.framing import read_views, view_side
from agelens.pipeline.training_data.network_outputs import predict_views, read_age_net
from agelens.weights.defaults import AGE_MODEL
from agelens.weights.integrity import check_embedded

COMPARED = 500
"""Most faces on which exports are compared with the model."""

RANGED = 200
"""Most faces on which int8 formats measure the ranges of activations."""

BUNDLED = "bundled"
"""`--model` for the model that is part of the package."""


@dataclass(frozen=True)
class ExportSource:
    """A model that can be exported.

    Args:
        network: From `build_calibrated_network`.
        card: Its model card.
        mirror_average: The model averages the outputs for a view and its mirror image.
        faces: The faces to compare on.
        expected: What the model predicts for them.
    """

    network: Any
    card: ModelCard
    mirror_average: bool
    faces: Faces
    expected: Mapping[str, Floats]


def open_source(model: str | None, *, images: Sequence[Path]) -> ExportSource:
    """Open the model that the command line names.

    Args:
        model: `bundled`, the folder of an exported model, or None for the project in the current folder.
        images: Photographs to compare on; empty for the crops of the project.

    Raises:
        ParamsError: There is no project, or no faces to compare on.
        WeightsError: The model is missing or damaged.
        DataError: Files of the project are missing, or do not belong together.
    """
    paths = Paths()
    if model is not None:
        folder = locate_model(None if model == BUNDLED else model)
        if images:
            return open_exported(folder, choose_faces=lambda card: _photographed(images, card))
        return open_exported(folder, choose_faces=lambda card: _faces_of_matching_project(card, paths))
    if not paths.params.is_file():
        msg = (
            "agelens export must run in the folder of a project with a trained network, or be given a model. There is "
            f"no {paths.params} here. Add --model bundled for the bundled model, or --model FOLDER for an exported one."
        )
        raise ParamsError(msg)
    return _project_source(read_params(paths.params), paths, images=images)


def _project_source(params: Params, paths: Paths, *, images: Sequence[Path]) -> ExportSource:
    network = read_age_net(_without_mirror(params), paths)
    card = ModelCard.read(paths.exported)
    state = {"network": paths.age_net, "calibration": paths.calibration}
    check_lineage(paths.exported / MODEL_FILE, stage="export", **state)
    faces = _photographed(images, card) if images else _faces_of_splits(params, paths)
    whole = read_age_net(params, paths)
    return _source(
        network,
        card,
        mirror_average=params.model.flip_average,
        averages_itself=False,
        faces=faces,
        raw=predict_views(whole, faces.views),
    )


def open_exported(folder: Path, *, choose_faces: Callable[[ModelCard], Faces]) -> ExportSource:
    """Open an exported model, whose network is rebuilt in Keras.

    Args:
        folder: Of `model.json`.
        choose_faces: From the model card to the faces to compare on.

    Raises:
        WeightsError: A file is missing or damaged, or the network cannot be rebuilt.
    """
    card = ModelCard.read(folder)
    check_files(folder, card.files)
    if folder == AGE_MODEL:
        check_embedded([folder / MODEL_FILE])
    network, mirrors = read_openvino_network(folder / NETWORK_FILE)
    faces = choose_faces(card)
    runtime = OpenVinoNetwork(folder / NETWORK_FILE, precision="float32")
    starts = range(0, len(faces.views), NETWORK_BATCH)
    found = list(runtime.run(faces.views[start : start + NETWORK_BATCH] for start in starts))
    raw = {name: np.concatenate([outputs[name] for outputs in found]) for name in found[0]}
    return _source(network, card, mirror_average=mirrors, averages_itself=True, faces=faces, raw=raw)


def _source(
    network: Any, card: ModelCard, *, mirror_average: bool, averages_itself: bool, faces: Faces, raw: NetworkOutputs
) -> ExportSource:
    """Return a source from a network to raw outputs, which may average with the mirror image itself."""
    facts: dict[str, Any] = {"calibration": card.calibration, "groups": card.groups, "attributes": [*card.attributes]}
    calibrated = build_calibrated_network(network, mirror_average=mirror_average and not averages_itself, **facts)
    return ExportSource(calibrated, card, mirror_average, faces, expected_outputs(raw, **facts))


def _without_mirror(params: Params) -> Params:
    """Return the settings with which the network is read by itself; the export averages in its own graph."""
    return params.model_copy(update={"model": params.model.model_copy(update={"flip_average": False})})


def _faces_of_splits(params: Params, paths: Paths) -> Faces:
    val = _spread(read_table(paths.split_val, SPLIT), COMPARED)
    train = _spread(read_table(paths.split_train, SPLIT), RANGED)
    exact = (val["age_low"] == val["age_high"]).to_numpy()
    return Faces(
        read_views(val, params, folder=paths.crops),
        np.where(exact, val["age"].to_numpy(dtype=np.float64), np.nan),
        origin="validation split of the project",
        range_views=read_views(train, params, folder=paths.crops),
        range_origin=f"{len(train)} crops of the training split",
    )


def _faces_of_matching_project(card: ModelCard, paths: Paths) -> Faces:
    """Return the crops of the project in the current folder, if there are any that are framed as the model needs."""
    if paths.params.is_file() and paths.split_val.is_file():
        params = read_params(paths.params)
        if (params.locate_points.framing, view_side(params)) == (card.framing.kind, card.framing.side):
            return _faces_of_splits(params, paths)
    msg = (
        "An export is compared with its model on faces. The current folder holds no crops that are framed as this "
        f"model needs ({card.framing.kind}, {card.framing.side} pixels); name photographs with --images FOLDER."
    )
    raise ParamsError(msg)


def _photographed(images: Sequence[Path], card: ModelCard) -> Faces:
    """Return the faces of photographs: every second one to compare on, the others to measure ranges of activations."""
    views, _ = views_of_photographs(images, card, most=2 * COMPARED)
    compared = views[::2] if len(views) > 1 else views
    others = views[1::2][:RANGED]
    return Faces(
        compared[:COMPARED],
        np.full(len(compared[:COMPARED]), np.nan),
        origin="photographs named with --images",
        range_views=others,
        range_origin=f"{len(others)} other faces of the photographs",
    )


def _spread(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return at most so many rows, evenly spread: rows are ordered by image, and the first ones are of one source."""
    return table.iloc[np.linspace(0, len(table) - 1, min(most, len(table))).astype(int)]
