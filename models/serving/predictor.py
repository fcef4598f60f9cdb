"""Ages from photographs: face detector, exported model and calibration in one object. Needs no training library."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels, jpeg_round_trip
from agelens.data_prep.faces.crop import box_in_crop, cut_faces
from agelens.data_prep.faces.detector import Detections, Detector, OpenVinoFaceDetector
from agelens.data_prep.faces.fallback import FallbackDetector
from agelens.data_prep.faces.framing import CropFramer
from agelens.data_prep.faces.points import PointLocator
from agelens.models.serving.model_card import MODEL_FILE, NETWORK_FILE, ModelCard
from agelens.models.serving.predictions import AgePrediction, Decoded, decode, face_predictions
from agelens.models.serving.runtime import OpenVinoNetwork
from agelens.models.serving.training_hashes import crop_hash, read_training_hashes
from agelens.weights.defaults import AGE_MODEL, DETECTOR_RUNTIME, POINT_LOCATOR

PREDICTION_BATCH = 32
"""Crops that are predicted at once."""


class AgePredictor:
    """Detects faces and predicts their ages.

    Args:
        detector: Finds the faces.
        network: The exported network.
        card: Its model card.
        locator: Locates the points of faces, for networks that see them aligned.
        training_hashes: Of the crops that it was trained on; see `agelens.models.serving.training_hashes`.
    """

    def __init__(
        self,
        detector: Detector,
        network: OpenVinoNetwork,
        card: ModelCard,
        *,
        locator: PointLocator | None = None,
        training_hashes: frozenset[str] = frozenset(),
    ) -> None:
        self.detector, self.network, self.card, self.training_hashes = detector, network, card, training_hashes
        self.framer = CropFramer(card.framing, locator)

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Load an exported model and the face detector with the settings in its card.

        Args:
            folder: An exported model, such as `weights/exported`; default: the bundled model.

        Raises:
            WeightsError: A file of the model or of the detector is missing or damaged.
        """
        if folder is None and not (AGE_MODEL / MODEL_FILE).is_file():
            msg = f"The bundled model is not at {AGE_MODEL}. Reinstall agelens, or name the folder of another model."
            raise WeightsError(msg)
        folder = folder or AGE_MODEL
        card = ModelCard.read(folder)
        fallback_score = card.detector.get("fallback_score", 0.0)
        detector: Detector = OpenVinoFaceDetector(
            DETECTOR_RUNTIME,
            image_size=card.detector["image_size"],
            min_score=fallback_score or card.detector["min_score"],
            precision=card.detector.get("precision", "float32"),
        )
        if fallback_score:
            detector = FallbackDetector(detector, min_score=card.detector["min_score"])
        network = OpenVinoNetwork(folder / NETWORK_FILE)
        locator = PointLocator(POINT_LOCATOR) if card.framing.kind == "points" else None
        return cls(detector, network, card, locator=locator, training_hashes=read_training_hashes(folder))

    def predict(self, images: Sequence[Pixels], *, largest: bool = False) -> list[list[AgePrediction]]:
        """Return the predictions for the faces of each image, largest face first; an empty list without a face.

        Args:
            images: `uint8 (height, width, 3)` RGB each.
            largest: Only the largest face of each image.
        """
        found = self.detector.detect(images)
        return [self._predict_one(image, faces, largest) for image, faces in zip(images, found, strict=True)]

    def predict_crops(self, crops: Pixels) -> Decoded:
        """Return the predictions for ready-made crops `uint8 (N, S, S, 3)` RGB."""
        return self._predict_views(self.framer.frame(list(crops))[0])

    def _predict_views(self, views: Pixels) -> Decoded:
        batches = (views[start : start + PREDICTION_BATCH] for start in range(0, len(views), PREDICTION_BATCH))
        outputs = list(self.network.run(batches))
        calibration = self.card.calibration
        names = ["age", "age_group", *self.card.attributes]
        names += ["age_distribution"] if calibration.needs_distribution else []
        joined = {name: np.concatenate([output[name] for output in outputs]) for name in names}
        return decode(joined, calibration=calibration, groups=self.card.groups)

    def _predict_one(self, image: Pixels, detections: Detections, largest: bool) -> list[AgePrediction]:
        faces = cut_faces(image, detections, self.card.shape)[: 1 if largest else None]
        if not faces:
            return []
        crops = [jpeg_round_trip(face.crop) for face in faces]
        height, width = image.shape[:2]
        boxes = [box_in_crop(face.box, self.card.shape, height=height, width=width) for face in faces]
        views, located = self.framer.frame(crops, boxes)
        predictions = face_predictions(
            self._predict_views(views),
            boxes=np.stack([face.box for face in faces]),
            scores=np.array([face.score for face in faces]),
            groups=self.card.groups,
        )
        if self.card.framing.kind == "points":
            predictions = [replace(one, aligned=found) for one, found in zip(predictions, located, strict=True)]
        if not self.training_hashes:
            return predictions
        trained_on = [crop_hash(crop) in self.training_hashes for crop in crops]
        return [replace(one, trained_on=known) for one, known in zip(predictions, trained_on, strict=True)]
