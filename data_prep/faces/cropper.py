"""Crops of the rows of a manifest, in threads of this machine or in actors of a cluster.

A result does not depend on the other images of its batch, so results are identical however the work is distributed.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import MAX_PIXELS, Pixels, decode_rgb, encode_jpeg
from agelens.data_prep.core.pixel_budget import PixelBudget
from agelens.data_prep.faces.crop import CropShape, Face, NoFace, cut_largest_face
from agelens.data_prep.faces.detector import Detections, Detector
from agelens.data_prep.faces.sharpness import sharpness
from agelens.data_prep.sources.remote import file_state, read_content

Row = dict[str, Any]

OpenDetector = Callable[[int], Detector]
"""Returns the detector for an `image_size`."""


@dataclass(frozen=True)
class SourceRule:
    """How the images of one source are cropped.

    Args:
        image_size: Largest side of the detector's square, in pixels.
        no_face: What to do if no face is found.
    """

    image_size: int = 320
    no_face: NoFace = "drop"


@dataclass(frozen=True)
class CropPlan:
    """Everything that an engine needs to crop; it can be pickled for another process.

    Args:
        open_detector: Returns the detector for an `image_size`.
        shape: Size, margin and aspect ratio of a crop.
        rules: How the images of each source are cropped.
    """

    open_detector: OpenDetector
    shape: CropShape
    rules: Mapping[str, SourceRule]


@dataclass(frozen=True)
class Outcome:
    """Result for one image.

    Args:
        image_id: Id of the image.
        entry: Entry of the journal: `file` (size and modification time), `image_size`, and either `rejected`, or `face`
            and `crop_hash`, the SHA-256 of the crop's file.
        crop: The crop as JPEG, or None if the image is rejected.
    """

    image_id: str
    entry: Row
    crop: bytes | None = None


@dataclass(frozen=True)
class _Photo:
    """An image of the manifest in memory."""

    row: Row
    file: list[int]
    image: Pixels


MAX_PIXELS_IN_MEMORY = MAX_PIXELS
"""Of all threads together (0.7 GB while images are decoded). No single image has more, because it is rejected."""


class FaceCropper:
    """Crops the largest face of images; thread-safe.

    Args:
        plan: Detectors, shape of a crop, and rules.
        budget: Limits the memory.
    """

    def __init__(self, plan: CropPlan, *, budget: PixelBudget | None = None) -> None:
        self.plan, self.budget = plan, budget or PixelBudget(MAX_PIXELS_IN_MEMORY)
        sizes = sorted({rule.image_size for rule in plan.rules.values()})
        self.detectors = {size: plan.open_detector(size) for size in sizes}

    def crop(self, rows: Sequence[Row]) -> list[Outcome]:
        """Return the outcome of each image, in the order of the rows."""
        batch = _Batch(self)
        try:
            for row in rows:
                batch.add(row)
            batch.finish()
        finally:
            batch.release()
        return [batch.outcomes[row["image_id"]] for row in rows]

    def rule_of(self, row: Row) -> SourceRule:
        """Return the rule for an image."""
        return self.plan.rules[row["source"]]

    def cut(self, photo: _Photo, faces: Detections) -> Outcome:
        """Return the outcome of an image with its faces."""
        source, image_id = photo.row["source"], photo.row["image_id"]
        rule = self.rule_of(photo.row)
        try:
            face = cut_largest_face(photo.image, faces, self.plan.shape, no_face=rule.no_face)
        except ImageError as error:
            return self.reject(photo.row, photo.file, error)
        found = _face_columns(face, photo.image, name=crop_name(image_id, source=source), faces=len(faces))
        crop = encode_jpeg(face.crop)
        digest = hashlib.sha256(crop).hexdigest()
        entry = {"file": photo.file, "image_size": rule.image_size, "face": found, "crop_hash": digest}
        return Outcome(image_id, entry, crop)

    def reject(self, row: Row, file: list[int], error: ImageError) -> Outcome:
        """Return the outcome of an image that cannot be used."""
        rejected = {"reason": error.reason, "detail": error.detail}
        entry = {"file": file, "image_size": self.rule_of(row).image_size, "rejected": rejected}
        return Outcome(row["image_id"], entry)


class _Batch:
    """The images that one thread holds: they are read one by one and detected together.

    A thread that must wait for memory first processes and releases its images. Since no thread waits while it holds
    memory, there is no deadlock.
    """

    def __init__(self, cropper: FaceCropper) -> None:
        self.cropper = cropper
        self.outcomes: dict[str, Outcome] = {}
        self._photos: list[_Photo] = []
        self._held = 0

    def add(self, row: Row) -> None:
        """Read one image, or reject it if it cannot be read."""
        file = file_state(row["path"])  # before reading, so that the next run repeats a file that changes meanwhile
        try:
            image = decode_rgb(read_content(row["path"]), admit=self._admit)
        except ImageError as error:
            self.outcomes[row["image_id"]] = self.cropper.reject(row, file, error)
        else:
            self._photos.append(_Photo(row, file, image))

    def finish(self) -> None:
        """Detect and cut the faces of the images in memory."""
        for size, detector in self.cropper.detectors.items():
            photos = [photo for photo in self._photos if self.cropper.rule_of(photo.row).image_size == size]
            found = detector.detect([photo.image for photo in photos]) if photos else []
            for photo, faces in zip(photos, found, strict=True):
                self.outcomes[photo.row["image_id"]] = self.cropper.cut(photo, faces)
        self.release()

    def release(self) -> None:
        """Release the images in memory."""
        self._photos.clear()
        self.cropper.budget.release(self._held)
        self._held = 0

    def _admit(self, pixels: int) -> None:
        """Wait until there is memory for so many pixels."""
        if not self.cropper.budget.acquire(pixels, wait=False):
            self.finish()
            self.cropper.budget.acquire(pixels, wait=True)
        self._held += pixels


def crop_name(image_id: str, *, source: str) -> str:
    """Return the path of a crop relative to the folder of crops; a hash, because names can contain any character."""
    digest = hashlib.sha256(image_id.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return f"{source}/{digest[:2]}/{digest}.jpg"


def _face_columns(face: Face, image: Pixels, *, name: str, faces: int) -> Row:
    x1, y1, x2, y2 = (float(value) for value in face.box)
    height, width = image.shape[:2]
    return {
        "crop": name,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "score": face.score,
        "found": face.found,
        "faces": faces,
        "width": width,
        "height": height,
        "sharpness": round(sharpness(face.crop), 2),
    }
