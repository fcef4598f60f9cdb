"""From the crop of a face to the view that a network sees: the same in training, evaluation and prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.alignment import align_points, scale_whole, warp_view
from agelens.data_prep.faces.points import FacePoints, PointLocator

FramingKind = Literal["points", "box"]


@dataclass(frozen=True)
class Framing:
    """The framing that a network was trained with.

    Args:
        kind: `points` brings eyes, nose and mouth to fixed places; `box` shows the whole crop.
        side: Side of the view in pixels.

    Raises:
        ValueError: There is no such kind.
    """

    kind: FramingKind
    side: int

    def __post_init__(self) -> None:
        if self.kind not in get_args(FramingKind):
            msg = f"A framing must be one of {', '.join(get_args(FramingKind))}. Received: {self.kind}."
            raise ValueError(msg)


class CropFramer:
    """Makes views of crops.

    Args:
        framing: The framing of the network.
        locator: Locates the points of faces; needed for the framing `points`.
    """

    def __init__(self, framing: Framing, locator: PointLocator | None = None) -> None:
        self.framing, self.locator = framing, locator

    def frame(
        self, crops: Sequence[Pixels], boxes: Sequence[Boxes] | None = None
    ) -> tuple[Pixels, list[FacePoints | None]]:
        """Return views `uint8 (N, side, side, 3)`, and the points of each crop; None with the framing `box`.

        Args:
            crops: `uint8 (S, S, 3)` RGB each, at least one.
            boxes: `(4,)` xyxy of each face in pixels of its crop; see `PointLocator.locate`.
        """
        side = self.framing.side
        if self.locator is None:
            views = [_scaled(crop, side=side) for crop in crops]
            return np.stack(views), [None] * len(views)
        found = self.locator.locate(crops, boxes)
        views = [
            warp_view(crop, align_points(face.points, side=side), side=side)
            for crop, face in zip(crops, found, strict=True)
        ]
        return np.stack(views), list(found)


def _scaled(crop: Pixels, *, side: int) -> Pixels:
    if crop.shape[0] == side:
        return crop
    return warp_view(crop, scale_whole(crop.shape[0], side=side), side=side)
