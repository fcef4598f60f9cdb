"""The face detector of a predictor, from the settings in a model card."""

from collections.abc import Mapping
from typing import Any

from agelens.data_prep.faces.detector import Detector, OpenVinoFaceDetector
from agelens.data_prep.faces.fallback import FallbackDetector
from agelens.data_prep.faces.tiles import Tiles, TilingDetector
from agelens.data_prep.faces.turns import TURNED_SCORE, TurningDetector
from agelens.weights.defaults import DETECTOR_RUNTIME

TILE_SCORE = 0.4
"""Smallest score of a face in a tile. At 0.3, tiles of WIDER FACE have twice as many false boxes and 2 % more faces."""

DETECTOR_BATCH = 4
"""Images that the detector computes at once: 25 to 40 % less time for each than one at a time."""


def open_detector(
    settings: Mapping[str, Any], *, min_score: float | None = None, device: str = "CPU", tiles: Tiles = "auto"
) -> Detector:
    """Return the detector that a model was trained with, which also searches tiles and turned images.

    Args:
        settings: `detector` of the model card.
        min_score: Threshold of the score in place of the card's, which also has a lower one for large single faces.
        device: OpenVINO's name of the device that computes.
        tiles: When to search large images in tiles; see `agelens.data_prep.faces.tiles`.

    Raises:
        ParamsError: `tiles` is not one of its values.
        WeightsError: A file of the detector is missing.
    """
    threshold = settings["min_score"] if min_score is None else min_score
    fallback_score = settings.get("fallback_score", 0.0) if min_score is None else 0.0
    detector: Detector = OpenVinoFaceDetector(
        DETECTOR_RUNTIME,
        image_size=settings["image_size"],
        min_score=fallback_score or threshold,
        batch_size=DETECTOR_BATCH,
        fill_single=False,
        precision=settings.get("precision", "float32"),
        device=device,
    )
    if fallback_score:
        detector = FallbackDetector(detector, min_score=threshold)
    return TilingDetector(
        TurningDetector(detector, min_score=max(threshold, TURNED_SCORE)),
        in_tiles=detector,
        tiles=tiles,
        image_size=settings["image_size"],
        min_score=max(threshold, TILE_SCORE),
    )


def undo_searches(detector: Detector) -> Detector:
    """Return the detector that searches an image once, without tiles and turns."""
    while isinstance(detector, TurningDetector | TilingDetector):
        detector = detector.detector
    return detector
