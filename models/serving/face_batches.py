"""The faces of a batch of images: detected, cropped, framed and predicted together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.errors import ImageError, WeightsError
from agelens.data_prep.core.images import Pixels, jpeg_round_trip
from agelens.data_prep.faces.crop import CropShape, box_in_crop, cut_faces
from agelens.data_prep.faces.detector import Detections, Detector
from agelens.data_prep.faces.framing import CropFramer
from agelens.data_prep.faces.tiles import ScaledDetections
from agelens.data_prep.faces.turns import turn_back, turn_boxes, turn_image
from agelens.models.serving.decoding import Decoded, decode
from agelens.models.serving.face_quality import measure_quality
from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictions import AgePrediction, FacePredictions, face_predictions
from agelens.models.serving.runtime import NetworkOutputs, OpenVinoNetwork
from agelens.models.serving.training_hashes import crop_hash

NETWORK_BATCH = 16
"""Faces that the network predicts at once."""

MUCH_SHRUNK = 4
"""Pixels of an image for one of the detector's input from which on a note says that small faces may be missed."""


@dataclass(frozen=True)
class CutFace:
    """A face that is ready for the network.

    Args:
        crop: `uint8 (S, S, 3)` RGB, as it would be read from disk.
        box: `(4,)` xyxy in pixels of the image.
        box_in_crop: `(4,)` xyxy in pixels of the crop.
        image_in_crop: `(4,)` xyxy of the whole image, upright, in pixels of the crop.
        score: Of the detector.
    """

    crop: Pixels
    box: Boxes
    box_in_crop: Boxes
    image_in_crop: Boxes
    score: float | None


class FaceBatches:
    """Predicts the faces of several images at once; thread-safe.

    Args:
        detector: Finds the faces.
        framer: Makes the views that the network sees.
        network: The exported network.
        card: Its model card.
        training_hashes: Of the crops that it was trained on.
    """

    def __init__(
        self,
        detector: Detector,
        framer: CropFramer,
        network: OpenVinoNetwork,
        card: ModelCard,
        *,
        training_hashes: frozenset[str],
    ) -> None:
        self.detector, self.framer, self.network, self.card = detector, framer, network, card
        self.training_hashes = training_hashes

    def predict(
        self, images: Sequence[Pixels], *, largest: bool = False, distribution: bool = False
    ) -> list[FacePredictions | ImageError]:
        """Return the predictions for each image, or the error of an image whose faces cannot be cut.

        Raises:
            WeightsError: The model has no age distribution, and it was asked for.
        """
        return self.predict_detected(images, self.detector.detect(images), largest=largest, distribution=distribution)

    def predict_detected(
        self,
        images: Sequence[Pixels],
        found: Sequence[Detections],
        *,
        largest: bool = False,
        distribution: bool = False,
    ) -> list[FacePredictions | ImageError]:
        """Return the predictions for faces that were detected before; see `predict`."""
        cut = [
            _cut(image, detections, self.card.shape, largest=largest)
            for image, detections in zip(images, found, strict=True)
        ]
        every_face = [face for faces in cut if isinstance(faces, list) for face in faces]
        predicted = iter(self._predict_faces(every_face, distribution=distribution))
        return [
            faces
            if isinstance(faces, ImageError)
            else FacePredictions((next(predicted) for _ in faces), notes=_notes(detections))
            for faces, detections in zip(cut, found, strict=True)
        ]

    def predict_crops(self, crops: Sequence[Pixels]) -> Decoded:
        """Return the predictions for crops `uint8 (S, S, 3)` RGB."""
        return self._decode(self._run(self.framer.frame(crops)[0]))

    def _predict_faces(self, faces: Sequence[CutFace], *, distribution: bool) -> list[AgePrediction]:
        if not faces:
            return []
        crops = [face.crop for face in faces]
        views, points = self.framer.frame(crops, [face.box_in_crop for face in faces])
        outputs = self._run(views)
        predictions = face_predictions(
            self._decode(outputs),
            boxes=np.stack([face.box for face in faces]),
            scores=np.array([face.score for face in faces]),
            groups=self.card.groups,
        )
        if distribution:
            predictions = _with_distributions(predictions, outputs)
        predictions = [
            replace(
                one,
                aligned=None if five is None else five.located,
                quality=measure_quality(view, five, box=face.box_in_crop, image=face.image_in_crop),
            )
            for one, face, view, five in zip(predictions, faces, views, points, strict=True)
        ]
        if not self.training_hashes:
            return predictions
        trained_on = [crop_hash(crop) in self.training_hashes for crop in crops]
        return [replace(one, trained_on=known) for one, known in zip(predictions, trained_on, strict=True)]

    def _run(self, views: Pixels) -> NetworkOutputs:
        """Return the outputs for views `uint8 (N, side, side, 3)`, at least one."""
        starts = range(0, len(views), NETWORK_BATCH)
        outputs = list(self.network.run(views[start : start + NETWORK_BATCH] for start in starts))
        return {name: np.concatenate([output[name] for output in outputs]) for name in outputs[0]}

    def _decode(self, outputs: NetworkOutputs) -> Decoded:
        served = {"age", "age_group", "age_distribution", *self.card.attributes}
        kept = {name: output for name, output in outputs.items() if name in served}
        return decode(kept, calibration=self.card.calibration, groups=self.card.groups)


def _cut(image: Pixels, detections: Detections, shape: CropShape, *, largest: bool) -> list[CutFace] | ImageError:
    turn, (height, width) = detections.turn, image.shape[:2]
    upright = turn_image(image, turn) if turn else image
    boxes = turn_boxes(detections.boxes, turn, height=height, width=width)
    try:
        faces = cut_faces(upright, replace(detections, boxes=boxes), shape, limit=1 if largest else None)
    except ImageError as error:
        return error
    cut = []
    for face in faces:
        inside = box_in_crop(face.box, shape, height=upright.shape[0], width=upright.shape[1])
        cut.append(
            CutFace(
                crop=jpeg_round_trip(face.crop),
                box=turn_back(face.box, turn, height=height, width=width)[0],
                box_in_crop=inside,
                image_in_crop=_image_in_crop(upright, face.box, inside),
                score=face.score,
            )
        )
    return cut


def _image_in_crop(image: Pixels, box: Boxes, box_in_crop: Boxes) -> Boxes:
    """Return the whole image in pixels of a crop, from a box in pixels of both."""
    scale = (box_in_crop[2:] - box_in_crop[:2]) / np.maximum(box[2:] - box[:2], 1e-6)
    whole = np.array([[0, 0], [image.shape[1], image.shape[0]]])
    placed: Boxes = (box_in_crop[:2] + (whole - box[:2]) * scale).reshape(4)
    return placed


def _notes(detections: Detections) -> list[str]:
    if detections.turn:
        turn = f"after a turn clockwise by {detections.turn} degrees"
        return [f"turned: no face was found in the image as it is, but {turn}"]
    if not isinstance(detections, ScaledDetections) or 1 / detections.scale < MUCH_SHRUNK:
        return []
    if len(detections) and not detections.has_small_faces:
        return []
    shrunk = f"the image was shrunk {1 / detections.scale:.0f} times to look for faces"
    return [f"shrunk: {shrunk}; smaller ones are found with tiles: always"]


def _with_distributions(predictions: Sequence[AgePrediction], outputs: NetworkOutputs) -> list[AgePrediction]:
    if "age_distribution" not in outputs:
        msg = (
            "The model predicts no age distribution. Leave out `distribution`, or train a model with "
            "model.age_head: distribution."
        )
        raise WeightsError(msg)
    rows = outputs["age_distribution"].astype(np.float64).tolist()
    return [replace(one, distribution=tuple(row)) for one, row in zip(predictions, rows, strict=True)]
