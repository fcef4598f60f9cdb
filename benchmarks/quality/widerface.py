"""Photographs of WIDER FACE with their labelled faces."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.images import Pixels, find_images, read_rgb
from agelens.data_prep.detector_training.yolo_data import read_yolo_boxes


@dataclass(frozen=True)
class Photo:
    """One photograph with its labelled faces `(N, 4)` xyxy."""

    image: Pixels
    faces: Boxes


def read_photos(widerface: Path, *, count: int | None = None) -> Iterator[Photo]:
    """Read the validation photographs in the order of their names, at most `count`."""
    for path in find_images(widerface / "images/val")[:count]:
        image = read_rgb(path)
        height, width = image.shape[:2]
        labels = widerface / "labels/val" / f"{path.stem}.txt"
        yield Photo(image, read_yolo_boxes(labels, height=height, width=width))
