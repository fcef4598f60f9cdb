"""Predictions for degraded crops of test faces.

The face is found in the clean photograph; its crop is degraded, and its points are located again in the degraded crop.
`benchmarks/zero_shot.py` degrades whole photographs, so that faces can also be missed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.batches.degradation import Degradation, degradations
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.faces.alignment import Floats, align_points, warp_view
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import CropFramer, Framing
from agelens.data_prep.faces.landmarks import boxes_in_crops
from agelens.data_prep.faces.points import PointLocator
from agelens.models.calibration.calibration import Calibration
from agelens.models.evaluation.predictions_table import predictions_table
from agelens.models.evaluation.robustness import compare_conditions, sample_faces
from agelens.models.serving.decoding import decode
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import progress_bar
from agelens.pipeline.training_data.framing import view_side
from agelens.pipeline.training_data.network_outputs import predict_views
from agelens.weights.defaults import POINT_LOCATOR


def measure_robustness(
    network: Any, test: pd.DataFrame, *, calibration: Calibration, params: Params, paths: Paths
) -> pd.DataFrame:
    """Return the robustness table of `evaluate.robustness` test faces; without rows if that is 0.

    Args:
        network: The trained network.
        test: Follows SPLIT.
        calibration: Of the network.
        params: The settings.
        paths: Where the crops are.
    """
    rows = sample_faces(test, params.evaluate.robustness)
    crops = [read_rgb(paths.crops / name) for name in rows["crop"]]
    margin = params.crop_faces.margin_fraction
    shape = CropShape(params.crop_faces.size, margin, square=params.crop_faces.square)
    boxes = boxes_in_crops(rows, shape)
    framing = Framing(params.locate_points.framing, view_side(params))
    locator = PointLocator(POINT_LOCATOR) if framing.kind == "points" else None
    conditions = [
        condition for condition in degradations(margin=margin) if len(rows) and (locator or not condition.points_error)
    ]
    groups, tables, located = AgeGroups(tuple(params.age_groups)), {}, {}
    with progress_bar("degrading test faces", total=len(conditions) * len(rows)) as advance:
        for condition in conditions:
            changed = [condition.change(crop, number) for number, crop in enumerate(crops)]
            views, found = frame_degraded(changed, boxes, condition=condition, framing=framing, locator=locator)
            outputs = predict_views(network, views)
            tables[condition.name] = predictions_table(rows, decode(outputs, calibration=calibration, groups=groups))
            located[condition.name] = float(np.mean(found)) if locator else float("nan")
            advance(len(rows))
    return compare_conditions(tables, located=located, seed=params.seed, resamples=params.evaluate.resamples)


def frame_degraded(
    crops: Sequence[Pixels],
    boxes: Sequence[Floats],
    *,
    condition: Degradation,
    framing: Framing,
    locator: PointLocator | None,
) -> tuple[Pixels, list[bool]]:
    """Return views `uint8 (N, side, side, 3)`, and for each whether its points were located.

    Args:
        crops: `uint8 (S, S, 3)` each, degraded.
        boxes: `(4,)` xyxy of each face in pixels of its crop.
        condition: Its error is added to the points.
        framing: Of the network.
        locator: Locates points; None frames faces by box.
    """
    if locator is None or not condition.points_error:
        views, points = CropFramer(framing, locator).frame(crops, boxes)
        return views, [five is not None and five.located for five in points]
    warped, located = [], []
    for number, (crop, face) in enumerate(zip(crops, locator.locate(crops, boxes), strict=True)):
        eyes = float(np.linalg.norm(face.points[1] - face.points[0]))
        error = np.random.default_rng(number).normal(0, condition.points_error * eyes, face.points.shape)
        warped.append(warp_view(crop, align_points(face.points + error, side=framing.side), side=framing.side))
        located.append(face.located)
    return np.stack(warped), located
