"""Ages from photographs: a detector, an exported model, and nothing that training needs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels, jpeg_round_trip
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.faces.crop import CropShape, cut_faces
from agelens.data_prep.faces.detector import Detections, Detector, OpenVinoFaceDetector
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.predictions import AgePrediction, Decoded, decode, face_predictions
from agelens.models.serving.runtime import Network
from agelens.models.serving.training_hashes import picture_hash, read_seen
from agelens.weights.defaults import AGE_MODEL, DETECTOR_RUNTIME

MODEL_FILE = "model.json"
NETWORK_FILE = "age_net.xml"
FORMAT = 1
BATCH = 32


@dataclass(frozen=True)
class ModelCard:
    """What an exported model says of itself; the predictor reads nothing else.

    Args:
        name: For people: backbone, data and date of the training.
        shape: How faces must be cropped.
        detector: Settings of the detector that the training crops came from.
        groups: Age groups.
        calibration: Corrects an age and gives it an interval.
        genders: Classes of the output `gender` in order; none where the model has no such output.
        facts: Everything else: backbone, data, metrics, licence, intended use.
    """

    name: str
    shape: CropShape
    detector: dict[str, Any]
    groups: AgeGroups
    calibration: Calibration
    facts: dict[str, Any]
    genders: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the card as plain JSON."""
        return {
            "format": FORMAT,
            "name": self.name,
            "crop": {
                "size": self.shape.size,
                "margin_fraction": self.shape.margin_fraction,
                "square": self.shape.square,
            },
            "detector": self.detector,
            "age_groups": list(self.groups.first_ages),
            "calibration": self.calibration.to_json(),
            "genders": list(self.genders),
            **self.facts,
        }

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the card of an exported model.

        Raises:
            WeightsError: There is none, it is damaged, or it is of another format.
        """
        path = folder / MODEL_FILE
        if not path.is_file():
            msg = f"{folder} is not an exported model: it has no {MODEL_FILE}. `dvc repro export` writes one."
            raise WeightsError(msg)
        try:
            card = json.loads(path.read_text())
            if card["format"] == FORMAT:
                return cls._from_json(card)
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{path} is damaged ({type(error).__name__}: {error}). Export the model again."
            raise WeightsError(msg) from error
        msg = f"{path} must have format {FORMAT}. Received: {card['format']}. Export the model again."
        raise WeightsError(msg)

    @classmethod
    def _from_json(cls, card: dict[str, Any]) -> Self:
        own = {"format", "name", "crop", "detector", "age_groups", "calibration", "genders"}
        return cls(
            name=card["name"],
            shape=CropShape(**card["crop"]),
            detector=card["detector"],
            groups=AgeGroups(tuple(card["age_groups"])),
            calibration=Calibration.from_json(card["calibration"]),
            genders=tuple(card.get("genders", ())),
            facts={key: value for key, value in card.items() if key not in own},
        )


class AgePredictor:
    """Finds faces and tells their ages.

    Args:
        detector: Finds the faces.
        network: The exported network.
        card: Its contract.
        seen: Hashes of the pictures that it has learned from; see `agelens.models.serving.training_hashes`.
    """

    def __init__(
        self, detector: Detector, network: Network, card: ModelCard, *, seen: frozenset[str] = frozenset()
    ) -> None:
        self.detector, self.network, self.card, self.seen = detector, network, card, seen

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Load an exported model and the detector that its card names.

        Args:
            folder: An exported model, such as `weights/exported`; default: the bundled model.

        Raises:
            WeightsError: A file of the model or of the detector is missing or damaged.
        """
        if folder is None and not (AGE_MODEL / MODEL_FILE).is_file():
            msg = f"The bundled model is not at {AGE_MODEL}. Reinstall agelens, or name another model's folder."
            raise WeightsError(msg)
        folder = folder or AGE_MODEL
        card = ModelCard.read(folder)
        detector = OpenVinoFaceDetector(
            DETECTOR_RUNTIME,
            image_size=card.detector["image_size"],
            min_score=card.detector["min_score"],
            precision=card.detector.get("precision", "float32"),
        )
        return cls(detector, Network(folder / NETWORK_FILE), card, seen=read_seen(folder))

    def predict(self, images: Sequence[Pixels], *, largest: bool = False) -> list[list[AgePrediction]]:
        """Return the faces of each image with their ages, largest first; none where no face was found.

        Args:
            images: `uint8 (height, width, 3)` RGB each.
            largest: Only the largest face of each image.
        """
        found = self.detector.detect(images)
        return [self._predict_one(image, faces, largest) for image, faces in zip(images, found, strict=True)]

    def predict_crops(self, crops: Pixels) -> Decoded:
        """Return the ages of ready-made crops `uint8 (N, S, S, 3)` RGB."""
        batches = (crops[start : start + BATCH] for start in range(0, len(crops), BATCH))
        outputs = list(self.network.run(batches))
        names = ["age", "age_group"] + ["gender"] * bool(self.card.genders)
        names += ["age_distribution"] * bool(self.card.calibration.shares)
        joined = {name: np.concatenate([output[name] for output in outputs]) for name in names}
        return decode(joined, calibration=self.card.calibration, groups=self.card.groups)

    def _predict_one(self, image: Pixels, detections: Detections, largest: bool) -> list[AgePrediction]:
        faces = cut_faces(image, detections, self.card.shape)[: 1 if largest else None]
        if not faces:
            return []
        crops = [jpeg_round_trip(face.crop) for face in faces]
        ages = self.predict_crops(np.stack(crops))
        answers = face_predictions(
            ages,
            boxes=np.stack([face.box for face in faces]),
            scores=np.array([face.score for face in faces]),
            groups=self.card.groups,
        )
        if not self.seen:
            return answers
        known = [picture_hash(crop) in self.seen for crop in crops]
        return [replace(answer, seen=seen) for answer, seen in zip(answers, known, strict=True)]
