"""Small faces in large images, searched in overlapping tiles at larger scales.

A detector sees an image shrunk to its input, in which the faces of a large group have too few pixels. Where the faces
that it finds are small, or it finds none, the image is searched again at twice the scale, in tiles of the size of the
input. This is repeated while faces are small, up to the scale of the image itself. Portraits are searched once.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.boxes import Boxes, box_areas
from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.resampling import resize
from agelens.data_prep.faces.detector import Detections, Detector
from agelens.data_prep.faces.turns import turn_back, turn_boxes, turn_image

Tiles = Literal["auto", "never", "always"]

OVERLAP_SHARE = 0.2
"""Of neighbouring tiles. A smaller face lies inside one of them; a larger one is found at half of the scale."""

BORDER = 2.0
"""A box that ends this near to the border of a tile inside the image, in pixels, may be a part of a face."""

SMALL = 32
"""Shorter side of a small face in pixels of the detector's input: there may be others that the detector cannot see."""

MAX_OVERLAP = 0.5
"""Intersection over union above which two boxes are the same face."""

MAX_INSIDE = 0.7
"""Share of the smaller box inside the larger one above which they are the same face."""

MAX_TILES = 600
"""Of one scale. Larger scales are left out, so that an image of 200 megapixels takes seconds and not minutes."""

TILES_AT_ONCE = 32
"""Tiles that the detector gets together."""


@dataclass(frozen=True)
class ScaledDetections(Detections):
    """The faces of an image that was searched at one scale or several.

    Args:
        scale: Pixels of the detector's input for one of the image, in the search at the largest scale; at most 1.
    """

    scale: float = 1.0

    @property
    def has_small_faces(self) -> bool:
        """Whether a face was small for the detector, so that it may have missed smaller ones."""
        sides: Boxes = (self.boxes[:, 2:] - self.boxes[:, :2]).min(axis=1)
        return bool((sides * self.scale < SMALL).any())


class TilingDetector:
    """Searches an image at larger scales if its faces are small.

    Args:
        detector: Finds the faces of whole images, which it may turn.
        in_tiles: Finds the faces in tiles.
        tiles: `auto`: as above. `always`: at all scales, whatever is found. `never`: once.
        image_size: Side of the detector's input, and of the tiles.
        min_score: Threshold of faces in tiles.

    Raises:
        ParamsError: `tiles` is none of the three.
    """

    def __init__(
        self, detector: Detector, *, in_tiles: Detector, tiles: Tiles = "auto", image_size: int, min_score: float
    ) -> None:
        if tiles not in get_args(Tiles):
            msg = f"tiles must be one of {', '.join(get_args(Tiles))}. Received: {tiles}."
            raise ParamsError(msg)
        self.detector, self.in_tiles = detector, in_tiles
        self.tiles, self.image_size, self.min_score = tiles, image_size, min_score

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        """Return the faces of each image, as `ScaledDetections` in the order of the images."""
        found = self.detector.detect(images)
        return [self._search_turned(image, faces) for image, faces in zip(images, found, strict=True)]

    def _search_turned(self, image: Pixels, once: Detections) -> ScaledDetections:
        if not once.turn:
            return self._search(image, once.boxes, once.scores)
        height, width = image.shape[:2]
        boxes = turn_boxes(once.boxes, once.turn, height=height, width=width)
        faces = self._search(turn_image(image, once.turn), boxes, once.scores)
        return replace(faces, boxes=turn_back(faces.boxes, once.turn, height=height, width=width), turn=once.turn)

    def _search(self, image: Pixels, boxes: Boxes, scores: npt.NDArray[np.float64]) -> ScaledDetections:
        height, width = image.shape[:2]
        faces = ScaledDetections(boxes, scores, scale=min(1.0, self.image_size / max(height, width)))
        for number, scale in enumerate(larger_scales(height, width, image_size=self.image_size)):
            if not self._is_needed(faces, is_first=number == 0):
                break
            boxes, scores = merge_boxes([faces, *self._search_tiles(image, scale)])
            faces = ScaledDetections(boxes, scores, scale=scale)
        return faces

    def _is_needed(self, faces: ScaledDetections, *, is_first: bool) -> bool:
        if self.tiles != "auto":
            return self.tiles == "always"
        return faces.has_small_faces or (is_first and not len(faces))

    def _search_tiles(self, image: Pixels, scale: float) -> Iterator[Detections]:
        """Yield the faces in the tiles of an image at a scale, with boxes of the image."""
        height, width = (max(1, round(side * scale)) for side in image.shape[:2])
        scaled = image if scale == 1 else resize(image, height=height, width=width, kernel="area")
        side = self.image_size
        corners = list(product(tile_starts(height, side=side), tile_starts(width, side=side)))
        for start in range(0, len(corners), TILES_AT_ONCE):
            some = corners[start : start + TILES_AT_ONCE]
            tiles = [np.asarray(scaled[y : y + side, x : x + side], dtype=np.uint8) for y, x in some]
            for (y, x), tile, faces in zip(some, tiles, self.in_tiles.detect(tiles), strict=True):
                boxes = faces.boxes + np.array([x, y, x, y])
                place = np.array([x, y, x + tile.shape[1], y + tile.shape[0]])
                kept = (faces.scores >= self.min_score) & are_whole(boxes, place, height=height, width=width)
                yield Detections(boxes[kept] / scale, faces.scores[kept])


def larger_scales(height: int, width: int, *, image_size: int) -> list[float]:
    """Return the scales at which an image is searched in tiles: each twice the one before, up to 1.

    Args:
        height: Of the image.
        width: Of the image.
        image_size: Longest side of an image that was searched before, at the scale `image_size / longest side`.
    """
    scale, scales = image_size / max(height, width), list[float]()
    while scale < 1:
        scale = min(1.0, 2 * scale)
        count = math.prod(len(tile_starts(round(side * scale), side=image_size)) for side in (height, width))
        if count > MAX_TILES:
            break
        scales.append(scale)
    return scales


def tile_starts(length: int, *, side: int) -> list[int]:
    """Return where tiles of `side` pixels begin, evenly, so that they cover `length` pixels and overlap enough."""
    if length <= side:
        return [0]
    overlap = OVERLAP_SHARE * side
    count = math.ceil((length - overlap) / (side - overlap))
    return [round(start) for start in np.linspace(0, length - side, count)]


def are_whole(boxes: Boxes, tile: Boxes, *, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Return for each box in a tile whether it is a whole face: it does not end where the tile cuts the image.

    Args:
        boxes: `(N, 4)` xyxy in pixels of the scaled image.
        tile: `(4,)` xyxy, the same.
        height: Of the scaled image.
        width: Of the scaled image.
    """
    at_low = (boxes[:, :2] <= tile[:2] + BORDER) & (tile[:2] > 0)
    at_high = (boxes[:, 2:] >= tile[2:] - BORDER) & (tile[2:] < [width, height])
    whole: npt.NDArray[np.bool_] = ~np.any(at_low | at_high, axis=1)
    return whole


def merge_boxes(parts: Sequence[Detections]) -> tuple[Boxes, npt.NDArray[np.float64]]:
    """Return boxes `(N, 4)` and scores `(N,)` of several searches of one image, best score first, each face once.

    A box is left out if it overlaps one with a higher score by more than `MAX_OVERLAP`, or if more than `MAX_INSIDE` of
    the smaller one lies inside the larger one.
    """
    boxes = np.concatenate([part.boxes for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    order = np.argsort(-scores, kind="stable")
    boxes, scores, kept = boxes[order], scores[order], list[int]()
    areas = box_areas(boxes)
    for index, box in enumerate(boxes):
        low, high = np.maximum(boxes[kept, :2], box[:2]), np.minimum(boxes[kept, 2:], box[2:])
        shared = box_areas(np.concatenate([low, high], axis=1))
        same = shared > MAX_OVERLAP * (areas[kept] + areas[index] - shared)
        inside = shared > MAX_INSIDE * np.minimum(areas[kept], areas[index])
        if not (same | inside).any():
            kept.append(index)
    return boxes[kept], scores[kept]
