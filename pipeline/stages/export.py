"""Export the trained network for prediction."""

from typing import Any

import numpy as np

from agelens.data_prep.core.atomic import read_json
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.labels import ATTRIBUTES, AgeGroups
from agelens.data_prep.core.tables import SPLIT, read_table
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.calibration import Calibration
from agelens.models.evaluation.sources import label_facts
from agelens.models.serving.export import export_model
from agelens.models.serving.model_card import INTENDED_USE, MODEL_FILE, ModelCard
from agelens.models.serving.training_hashes import write_training_hashes
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.lineage import KEY, check_lineage, lineage_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say, warn
from agelens.pipeline.tracking.model import log_export
from agelens.pipeline.tracking.runs import tracked_run
from agelens.pipeline.training_data.framing import read_views, view_side
from agelens.pipeline.training_data.network_outputs import predict_rows, read_age_net
from agelens.weights.defaults import DETECTOR_RUNTIME

CHECKED = 256
"""Validation crops on which the exported model must predict the same as Keras."""

CARD_METRICS = (
    *("exact_rows", "mae", "rmse", "cs5"),
    *("bias", "group_accuracy", "group_accuracy_one_off", "coverage"),
)
"""Metrics of the test split that the model card contains."""


def run(params: Params, paths: Paths) -> None:
    """Write the exported network, its model card, and the hashes of its training images."""
    with tracked_run("export", params=params, paths=paths) as tracked:
        differences = _export(params, paths)
        log_export(tracked, read_json(paths.exported / MODEL_FILE), differences, folder=paths.exported)


def _export(params: Params, paths: Paths) -> dict[str, float]:
    warn(params.export.describe_demo_text({name: source.reader for name, source in params.sources.items()}))
    check_lineage(paths.calibration, stage="calibrate", network=paths.age_net)
    check_lineage(paths.evaluation_lineage, stage="evaluate", network=paths.age_net, calibration=paths.calibration)
    network = read_age_net(params, paths)
    val = read_table(paths.split_val, SPLIT)
    # Rows are ordered by image, so the first ones would be of one source and of the lowest ages.
    val = val.iloc[np.linspace(0, len(val) - 1, min(CHECKED, len(val))).astype(int)]
    expected = predict_rows(network, val, params=params, paths=paths, label="comparing with Keras")
    crops = read_views(val, params, folder=paths.crops)
    card = _card(network, params, paths)
    names = (name for path in (paths.split_train, paths.split_val) for name in read_table(path, SPLIT)["crop"])
    count = write_training_hashes(paths.exported, [paths.crops / name for name in names])
    say(f"{count} training hashes written")
    differences = export_model(network, card, folder=paths.exported, crops=crops, expected=expected)
    described = ", ".join(f"{name} {difference:.4f}" for name, difference in differences.items())
    say(f"mean differences from Keras over {len(crops)} crops: {described}")
    return differences


def _card(network: Any, params: Params, paths: Paths) -> ModelCard:
    export = params.export
    metrics = read_json(paths.overall)
    attributes = {
        name: attribute.classes
        for name, attribute in ATTRIBUTES.items()
        if attribute.exported and name in network.output
    }
    origins = {name: source.origin for name, source in params.sources.items()}
    reported = [*CARD_METRICS, *(f"{name}_accuracy" for name in attributes)]
    return ModelCard(
        name=export.name,
        shape=from_section(CropShape, params.crop_faces),
        framing=Framing(params.locate_points.framing, view_side(params)),
        detector={
            "sha256": file_hash(DETECTOR_RUNTIME.with_suffix(".bin")),
            "image_size": params.crop_faces.image_size,
            "precision": params.crop_faces.precision,
            "min_score": params.crop_faces.min_score,
            "fallback_score": params.crop_faces.fallback_score,
        },
        groups=AgeGroups(tuple(params.age_groups)),
        calibration=Calibration.from_json(read_json(paths.calibration)),
        attributes=attributes,
        facts={
            "backbone": params.model.backbone,
            "training_data": export.training_data,
            "labels": label_facts(read_table(paths.split_train, SPLIT), origins=origins),
            "data_hash": lineage_of(train=paths.split_train, val=paths.split_val),
            "licence": export.licence,
            KEY: lineage_of(network=paths.age_net, calibration=paths.calibration),
            "intended_use": INTENDED_USE,
            "test_metrics": {name: metrics[name] for name in reported},
        },
    )
