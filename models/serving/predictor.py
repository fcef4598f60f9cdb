"""Ages from photographs: face detector, exported model and calibration in one object. Needs no training library."""

import os
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Self, overload

from agelens.data_prep.core.errors import ImageError, ParamsError, WeightsError
from agelens.data_prep.core.image_inputs import ImageInput, as_image, is_one_image
from agelens.data_prep.core.images import ImageFile, Pixels
from agelens.data_prep.core.openvino_requests import check_device
from agelens.data_prep.core.ordered_threads import grow_batches, map_in_threads
from agelens.data_prep.core.pixel_budget import BatchWithinBudget, PixelBudget
from agelens.data_prep.faces.detector import Detections, Detector
from agelens.data_prep.faces.framing import CropFramer
from agelens.data_prep.faces.points import PointLocator
from agelens.data_prep.faces.tiles import Tiles
from agelens.models.hub.locate import locate_model
from agelens.models.serving.decoding import Decoded
from agelens.models.serving.detectors import open_detector, undo_searches
from agelens.models.serving.face_batches import FaceBatches
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from agelens.models.serving.model_files import NETWORK_FILE, check_files
from agelens.models.serving.predictions import FacePredictions, ImagePredictions
from agelens.models.serving.runtime import OpenVinoNetwork
from agelens.models.serving.training_hashes import read_training_hashes
from agelens.weights.defaults import AGE_MODEL, DETECTOR_RUNTIME, POINT_LOCATOR
from agelens.weights.integrity import check_embedded, network_files

IMAGE_BATCH = 32
"""Images that one thread predicts at once."""

FIRST_BATCH = 4
"""Of the first batch, so that the first results come early."""

MAX_THREADS = 8
"""More threads hold more memory; OpenVINO has threads of its own."""

PIXELS_IN_MEMORY = 40_000_000
"""Decoded pixels that all threads hold together: 120 MB, and as much again while a file is decoded."""


class AgePredictor:
    """Detects faces and predicts their ages; thread-safe.

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
        self.card, self.network = card, network
        framer = CropFramer(card.framing, locator)
        self._faces = FaceBatches(detector, framer, network, card, training_hashes=training_hashes)
        self._budget = PixelBudget(PIXELS_IN_MEMORY)

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str] | None = None,
        *,
        min_score: float | None = None,
        device: str = "cpu",
        tiles: Tiles = "auto",
    ) -> Self:
        """Load an exported model and the face detector with the settings in its card.

        Args:
            folder: An exported model, such as `weights/exported`, or `hf://owner/name[@revision][#sha256]` for one on
                the Hugging Face Hub (extra `hub`); default: the bundled model.
            min_score: Threshold of the detector's score in place of the model's own.
            device: The device that computes, `cpu` or another that OpenVINO finds, such as `gpu`.
            tiles: When to search large images for small faces, in tiles at larger scales: `auto`, where the faces that
                are found at once are small or there are none; `always` or `never`.

        Raises:
            ParamsError: `min_score` is not above 0 and at most 1, `tiles` is another word, or there is no such device.
            WeightsError: A file of the model or of the detector is missing or damaged, or the hub cannot be reached.
        """
        if folder is None and not (AGE_MODEL / MODEL_FILE).is_file():
            msg = f"The bundled model is not at {AGE_MODEL}. Reinstall agelens, or name the folder of another model."
            raise WeightsError(msg)
        if min_score is not None and not 0 < min_score <= 1:
            msg = f"min_score must be above 0 and at most 1, the largest score. Received: {min_score}."
            raise ParamsError(msg)
        device = check_device(device)
        model = locate_model(folder)
        card = ModelCard.read(model)
        check_files(model, card.files)
        bundled = [file for network in (DETECTOR_RUNTIME, POINT_LOCATOR) for file in network_files(network)]
        check_embedded([*bundled, *([AGE_MODEL / MODEL_FILE] if folder is None else [])])
        detector = open_detector(card.detector, min_score=min_score, device=device, tiles=tiles)
        # Both are compiled while the detector is, which needs the size of the first image.
        network = OpenVinoNetwork(model / NETWORK_FILE, precision=card.precision, many=True, device=device, wait=False)
        locator = PointLocator(POINT_LOCATOR, device=device, wait=False) if card.framing.kind == "points" else None
        return cls(detector, network, card, locator=locator, training_hashes=read_training_hashes(model))

    @overload
    def predict(  # type: ignore[overload-overlap]  # a path is a sequence of characters, too
        self, images: ImageInput, *, largest: bool = ..., bgr: bool = ..., distribution: bool = ...
    ) -> FacePredictions: ...

    @overload
    def predict(
        self, images: Iterator[ImageInput], *, largest: bool = ..., bgr: bool = ..., distribution: bool = ...
    ) -> Iterator[FacePredictions]: ...

    @overload
    def predict(
        self, images: Collection[ImageInput], *, largest: bool = ..., bgr: bool = ..., distribution: bool = ...
    ) -> ImagePredictions: ...

    def predict(
        self, images: Any, *, largest: bool = False, bgr: bool = False, distribution: bool = False
    ) -> FacePredictions | ImagePredictions | Iterator[FacePredictions]:
        """Return the predictions for the faces of one image or of several.

        One image gives the list of its faces, largest first, which is empty without a face. A list, a tuple, an array
        `(N, height, width, 3)` or another collection of images gives a list of such lists. A generator or another
        iterator gives an iterator, which reads ahead by a few batches and keeps no results.

        Args:
            images: Each image is a path, the bytes of an image file, a PIL image, or an array
                `uint8 (height, width, 3)` RGB. Grey arrays `(height, width)` and arrays with transparency
                `(height, width, 4)`, which is blended with white, are converted; others are errors.
            largest: Only the largest face of each image.
            bgr: The channels of arrays are in the order of OpenCV: blue, green, red.
            distribution: Also return the probability of each age from 0 to 100.

        Raises:
            ImageError: An image cannot be read or is of a kind that is not accepted; `predict_each` continues instead.
            WeightsError: The model has no age distribution, and it was asked for.
        """
        options = {"largest": largest, "bgr": bgr, "distribution": distribution}
        if is_one_image(images) or not isinstance(images, Iterable):
            (found,) = self._predict_batch([images], **options)
            return _or_raise(found, number=None)
        each = self.predict_each(images, **options)
        found_in_order = (_or_raise(found, number=number) for number, found in enumerate(each))
        return found_in_order if isinstance(images, Iterator) else ImagePredictions(found_in_order)

    def predict_each(
        self,
        images: Iterable[ImageInput],
        *,
        batch: int = IMAGE_BATCH,
        largest: bool = False,
        bgr: bool = False,
        distribution: bool = False,
    ) -> Generator[FacePredictions | ImageError, None, None]:
        """Yield the faces of each image in order, or the error of an image that cannot be used; see `predict`.

        Threads read, detect and predict batches of images. Images are taken lazily, and memory is bounded.

        Args:
            images: As of `predict`.
            batch: Most images that one thread predicts at once.
            largest: As of `predict`.
            bgr: As of `predict`.
            distribution: As of `predict`.
        """
        function = partial(self._predict_batch, largest=largest, bgr=bgr, distribution=distribution)
        batches = grow_batches(images, first=FIRST_BATCH, largest=batch)
        with closing(map_in_threads(function, batches, threads=thread_count())) as results:
            for found in results:
                yield from found

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the upright faces of each image `uint8 (height, width, 3)` RGB, without their ages.

        Images are searched once, neither turned nor in tiles: most frames of a video without a face have none.
        """
        return undo_searches(self._faces.detector).detect(images)

    def predict_detected(self, image: Pixels, faces: Detections, *, distribution: bool = False) -> FacePredictions:
        """Return the predictions for faces of one image that `detect`, or a tracker, has found; largest first.

        Raises:
            ImageError: The image is too narrow to cut a face.
            WeightsError: The model has no age distribution, and it was asked for.
        """
        (found,) = self._faces.predict_detected([image], [faces], distribution=distribution)
        return _or_raise(found, number=None)

    def predict_crops(self, crops: Pixels) -> Decoded:
        """Return the predictions for ready-made crops `uint8 (N, S, S, 3)` RGB."""
        return self._faces.predict_crops(list(crops))

    def _predict_batch(
        self, images: list[Any], *, largest: bool, bgr: bool, distribution: bool
    ) -> list[FacePredictions | ImageError]:
        def process(files: list[ImageFile]) -> list[FacePredictions | ImageError]:
            pixels = [file.pixels for file in files]
            found = self._faces.predict(pixels, largest=largest, distribution=distribution)
            return [_of_file(faces, file) for faces, file in zip(found, files, strict=True)]

        return BatchWithinBudget(process, budget=self._budget).run(images, read=partial(as_image, bgr=bgr))


def thread_count() -> int:
    """Return how many threads predict batches of images: as many as cores, at most `MAX_THREADS`."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_THREADS)


def _of_file(found: FacePredictions | ImageError, file: ImageFile) -> FacePredictions | ImageError:
    """Return the faces with the notes about their file and boxes in its pixels."""
    if isinstance(found, ImageError):
        return found
    return found.scaled(file.reduction).with_notes(file.notes)


def _or_raise(found: FacePredictions | ImageError, *, number: int | None) -> FacePredictions:
    if not isinstance(found, ImageError):
        return found
    where = "" if number is None else f"image {number}: "
    raise ImageError(found.reason, f"{where}{found.detail}") from found
