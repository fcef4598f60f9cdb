"""A tiny network with a hand-made calibration, and views on which its exports are compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.calibration import Calibration
from agelens.models.exports.calibrated_network import build_calibrated_network
from agelens.models.exports.comparison import expected_outputs
from agelens.models.exports.export import ComparedViews
from agelens.models.network.age_net import average_with_mirror_image
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

    age_net: Any
    network: Any
    compared: ComparedViews


def make_small_export() -> SmallExport:
    """Build the network, and compute what it predicts for 24 views as the stages of the pipeline do."""
    age_net = build_tiny_age_net(attributes=("gender", "ethnicity"))
    network = build_calibrated_network(
        age_net, calibration=CALIBRATION, groups=FIVE_GROUPS, attributes=["gender"], mirror_average=True
    )
    views = noise_crops(24)
    raw = outputs_of(average_with_mirror_image(age_net), views)
    expected = expected_outputs(raw, calibration=CALIBRATION, groups=FIVE_GROUPS, attributes=["gender"])  # type: ignore[arg-type]
    compared = ComparedViews(
        views,
        expected,
        true_ages=np.where(np.arange(24) < 4, 40.0, np.nan),
        origin="noise",
        range_views=noise_crops(40, seed=1),
        range_origin="40 other views of noise",
    )
    return SmallExport(age_net, network, compared)
