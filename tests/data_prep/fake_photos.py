"""Images of noise, and a fake detector that identifies them, for tests of the crop stage."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.tables import FACES, MANIFEST, REJECTED, make_table, write_table
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.crop_manifest import crop_manifest, run_threads
from agelens.data_prep.faces.cropper import CropPlan, Outcome, SourceRule
from agelens.data_prep.faces.detector import Detections

SHAPE = CropShape(size=24, margin_fraction=0.15)
RULES = {"album": SourceRule(), "crops": SourceRule(no_face="whole_image")}
FACELESS = 200
"""Images whose first pixel has at least this red have no face."""


class InterruptionError(Exception):
    """Simulates the interruption of a run."""


@dataclass
class FakeDetector:
    """Finds a face whose position depends on the image, and records the images of each call."""

    fails_after: int | None = None
    pause_seconds: float = 0.0
    chunks: list[list[int]] = field(default_factory=list)

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        if self.fails_after == len(self.chunks):
            raise InterruptionError
        time.sleep(self.pause_seconds)
        self.chunks.append([int(image[0, 0, 1]) for image in images])
        return [self._faces(image) for image in images]

    @property
    def detected(self) -> list[int]:
        return [number for chunk in self.chunks for number in chunk]

    @staticmethod
    def _faces(image: Pixels) -> Detections:
        if image[0, 0, 0] >= FACELESS:
            return Detections(np.zeros((0, 4)), np.zeros(0))
        number = int(image[0, 0, 1])
        boxes = np.array([[1, 1, 6, 6], [number % 7, 2.5, 20 + number % 7, 26.1]], dtype=np.float64)
        return Detections(boxes, np.array([0.9, 0.4]))


def write_photo(path: Path, number: int, *, face: bool = True, size: tuple[int, int] = (32, 40)) -> None:
    """Write noise whose first pixel encodes the number of the image and whether it has a face."""
    pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
    pixels[0, 0] = (0 if face else FACELESS, number, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def make_manifest(paths: Sequence[Path]) -> pd.DataFrame:
    """Return a manifest of the files `<root>/<source>/<name>`."""
    rows: list[dict[str, object]] = [
        {
            "image_id": f"{path.parent.name}/{path.name}",
            "source": path.parent.name,
            "path": str(path),
            "age_low": 20 + index,
            "age_high": 20 + index,
            "age": 20 + index,
            "age_kind": "exact",
            "age_clipped": False,
            "gender": "female" if index % 2 else None,
        }
        for index, path in enumerate(paths)
    ]
    return make_table(rows, MANIFEST)


def make_plan(detector: FakeDetector, **values: Any) -> CropPlan:
    return CropPlan(**{"open_detector": lambda _: detector, "shape": SHAPE, "rules": RULES, **values})


def one_by_one(rows: list[dict[str, Any]], plan: CropPlan, *, folder: Path) -> Iterator[list[Outcome]]:
    """Process the batches in order, so that the progress of an interrupted run is known."""
    return run_threads(rows, plan, folder=folder, threads=1)


def crop_tables(
    manifest: pd.DataFrame, detector: FakeDetector, folder: Path, *, plan: dict[str, Any] | None = None, **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the stage and return the two tables."""
    settings: dict[str, Any] = {"fingerprint": "one", "engine": one_by_one, **options}
    made = make_plan(detector, **(plan or {}))
    return crop_manifest(manifest, made, folder=folder, journal=journal_of(folder), **settings)


def journal_of(folder: Path) -> Path:
    """Return the journal of a folder of crops."""
    return folder / "state" / "journal.jsonl"


def crop(manifest: pd.DataFrame, detector: FakeDetector, folder: Path, **options: Any) -> tuple[bytes, bytes]:
    """Run the stage and return the content of the two written tables."""
    faces, rejected = crop_tables(manifest, detector, folder, **options)
    write_table(folder / "faces.csv", faces, FACES)
    write_table(folder / "rejected.csv", rejected, REJECTED)
    return (folder / "faces.csv").read_bytes(), (folder / "rejected.csv").read_bytes()


def crops_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.jpg"))}
