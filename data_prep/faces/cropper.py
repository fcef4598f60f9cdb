"""From rows of a manifest to crops: the one function that threads of this machine and actors of a cluster run.

An outcome does not depend on what else is in its batch, so results are equal to the byte however work is shared out.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import MAX_PIXELS, Pixels, decode_rgb, encode_jpeg
from agelens.data_prep.faces.crop import CropShape, Face, NoFace, cut_largest_face, sharpness
from agelens.data_prep.faces.detector import Detections, Detector
from agelens.data_prep.sources.remote import file_state, read_content

Row = dict[str, Any]

OpenDetector = Callable[[int], Detector]
"""Returns the detector for a square of so many pixels."""


@dataclass(frozen=True)
class SourceRule:
    """How the images of one source are cropped.

    Args:
        image_size: Side of the detector's square in pixels.
        no_face: What to do where no face is found.
    """

    image_size: int = 320
    no_face: NoFace = "drop"


@dataclass(frozen=True)
class CropPlan:
    """What an engine needs to crop anywhere: plain values and functions that can be sent to another process.

    Args:
        open_detector: Makes the detector for each `image_size`.
        shape: Size, margin and proportions of a crop.
        rules: For each source, how its images are cropped.
    """

    open_detector: OpenDetector
    shape: CropShape
    rules: Mapping[str, SourceRule]


@dataclass(frozen=True)
class Outcome:
    """What came of one image.

    Args:
        image_id: Its name.
        entry: The `file` as it was (size and time), the `image_size` that it was looked at with, and either its `face`
            or why it was `rejected`.
        crop: The face as JPEG, or None.
    """

    image_id: str
    entry: Row
    crop: bytes | None = None


@dataclass(frozen=True)
class _Photo:
    """An image of the manifest as it was read."""

    row: Row
    file: list[int]
    image: Pixels


ROOM = MAX_PIXELS
"""Pixels that all threads hold together (0.7 GB while they are decoded); a larger image is refused anyway."""


class PixelBudget:
    """Bounds the pixels that all threads hold together, so that big photographs do not fill the memory.

    Args:
        most: Pixels at a time; an image above it is let through alone.
    """

    def __init__(self, most: int) -> None:
        self.most, self._taken, self._changed = most, 0, threading.Condition()

    def take(self, pixels: int, *, wait: bool) -> bool:
        """Return whether the pixels may be held; with `wait`, come back when they may."""
        with self._changed:
            while self._taken and self._taken + pixels > self.most:
                if not wait:
                    return False
                self._changed.wait()
            self._taken += pixels
            return True

    def give(self, pixels: int) -> None:
        """Give pixels back."""
        with self._changed:
            self._taken -= pixels
            self._changed.notify_all()


class FaceCropper:
    """Crops the largest face of images; one object serves any number of threads.

    Args:
        plan: What to do.
        budget: Bounds the memory.
    """

    def __init__(self, plan: CropPlan, *, budget: PixelBudget | None = None) -> None:
        self.plan, self.budget = plan, budget or PixelBudget(ROOM)
        sizes = sorted({rule.image_size for rule in plan.rules.values()})
        self.detectors = {size: plan.open_detector(size) for size in sizes}

    def crop(self, rows: Sequence[Row]) -> list[Outcome]:
        """Return what came of each image, in the order of the rows."""
        batch = _Batch(self)
        try:
            for row in rows:
                batch.add(row)
            batch.finish()
        finally:
            batch.release()
        return [batch.outcomes[row["image_id"]] for row in rows]

    def rule_of(self, row: Row) -> SourceRule:
        """Return how an image is cropped."""
        return self.plan.rules[row["source"]]

    def cut(self, photo: _Photo, faces: Detections) -> Outcome:
        """Cut the largest face out of a photo."""
        source, image_id = photo.row["source"], photo.row["image_id"]
        rule = self.rule_of(photo.row)
        try:
            face = cut_largest_face(photo.image, faces, self.plan.shape, no_face=rule.no_face)
        except ImageError as error:
            return self.reject(photo.row, photo.file, error)
        found = _face_columns(face, photo.image, name=crop_name(image_id, source=source), faces=len(faces))
        entry = {"file": photo.file, "image_size": rule.image_size, "face": found}
        return Outcome(image_id, entry, encode_jpeg(face.crop))

    def reject(self, row: Row, file: list[int], error: ImageError) -> Outcome:
        """Return why an image gives no crop."""
        rejected = {"reason": error.reason, "detail": error.detail}
        entry = {"file": file, "image_size": self.rule_of(row).image_size, "rejected": rejected}
        return Outcome(row["image_id"], entry)


class _Batch:
    """The images that one thread holds: read one by one, shown to the detector together.

    A thread that must wait for room first finishes what it holds. None waits while it holds anything, so none waits
    for ever.
    """

    def __init__(self, cropper: FaceCropper) -> None:
        self.cropper = cropper
        self.outcomes: dict[str, Outcome] = {}
        self._photos: list[_Photo] = []
        self._held = 0

    def add(self, row: Row) -> None:
        """Read one image; one that cannot be read is finished by this."""
        file = file_state(row["path"])  # before reading: a file that changes meanwhile is done again by the next run
        try:
            image = decode_rgb(read_content(row["path"]), admit=self._admit)
        except ImageError as error:
            self.outcomes[row["image_id"]] = self.cropper.reject(row, file, error)
        else:
            self._photos.append(_Photo(row, file, image))

    def finish(self) -> None:
        """Find and cut the faces of what is held."""
        for size, detector in self.cropper.detectors.items():
            photos = [photo for photo in self._photos if self.cropper.rule_of(photo.row).image_size == size]
            found = detector.detect([photo.image for photo in photos]) if photos else []
            for photo, faces in zip(photos, found, strict=True):
                self.outcomes[photo.row["image_id"]] = self.cropper.cut(photo, faces)
        self.release()

    def release(self) -> None:
        """Let go of what is held."""
        self._photos.clear()
        self.cropper.budget.give(self._held)
        self._held = 0

    def _admit(self, pixels: int) -> None:
        """Wait until so many pixels may be decoded."""
        if not self.cropper.budget.take(pixels, wait=False):
            self.finish()
            self.cropper.budget.take(pixels, wait=True)
        self._held += pixels


def crop_name(image_id: str, *, source: str) -> str:
    """Return the crop's file, relative to the folder of crops; a hash, because names may hold anything."""
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
