"""A tiny network with a hand-made calibration, and views on which its exports are compared."""

import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.calibration import Calibration
from agelens.models.exports.calibrated_network import build_calibrated_network
from agelens.models.exports.comparison import Floats, expected_outputs
from agelens.models.exports.export import Faces
from agelens.models.network.age_net import average_with_mirror_image, backbone_of
from agelens.models.serving.model_card import ModelCard
from tests.factories import FIVE_GROUPS
from tests.models.small_networks import SIZE, build_tiny_age_net, noise_crops, outputs_of

CALIBRATION = Calibration(
    coverage=0.9,
    edges=(45.0, 50.0),
    shares=(0.5, 0.7, 0.9),
    statistic="median",
    correction=BiasCorrection((20.0, 60.0), (1.0, -2.0)),
)

CARD = ModelCard(
    name="tiny",
    shape=CropShape(size=SIZE),
    framing=Framing("box", SIZE),
    detector={"image_size": 320, "min_score": 0.3},
    groups=FIVE_GROUPS,
    calibration=CALIBRATION,
    attributes={"gender": ("female", "male")},
    facts={"licence": "AGPL-3.0-or-later", "training_data": "noise"},
)


@dataclass(frozen=True)
class SmallExport:
    """What `write_export` takes; the model averages with the mirror image."""

    network: Any
    faces: Faces
    expected: dict[str, Floats]


def make_small_export() -> SmallExport:
    """Teach a network the brightness of views, and compute what it predicts as the stages of the pipeline do."""
    age_net = build_tiny_age_net(attributes=("gender", "ethnicity"))
    faces = Faces(
        noise_crops(24),
        true_ages=_brightness_ages(noise_crops(24)),
        origin="noise",
        range_views=noise_crops(40, seed=1),
        range_origin="40 other views of noise",
    )
    _train(age_net, noise_crops(64, seed=2))
    facts: dict[str, Any] = {"calibration": CALIBRATION, "groups": FIVE_GROUPS, "attributes": ["gender"]}
    raw: Any = outputs_of(average_with_mirror_image(age_net), faces.views)
    network = build_calibrated_network(age_net, mirror_average=True, **facts)
    return SmallExport(network, faces, expected_outputs(raw, **facts))


def _brightness_ages(views: Pixels) -> Floats:
    return views.mean(axis=(1, 2, 3)) / 2.5


def _train(age_net: Any, views: Pixels) -> None:
    """Train the head; its losses are measured on the outputs `age` and `age_distribution`."""
    backbone_of(age_net).trainable = False
    ages = _brightness_ages(views)
    years = np.exp(-0.5 * ((np.arange(101) - ages[:, None]) / 4) ** 2)
    losses = {"age": "mae", "age_distribution": "kld"}
    targets = {"age": ages[:, None], "age_distribution": years / years.sum(axis=1, keepdims=True)}
    age_net.compile(keras.optimizers.Adam(0.01), loss=losses)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Gradients do not exist for variables")  # of the other outputs
        age_net.fit(views, targets, batch_size=64, epochs=100, verbose=0)
