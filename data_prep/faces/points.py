"""The five points of a face in its crop, located by a small network on OpenVINO.

The network sees the whole crop in 80 x 80 grey pixels and returns the centres of the eyes, the tip of the nose and the
corners of the mouth, each with an expected error. Crops with uncertain points are turned and tried again, and a last
pass processes every face turned upright and scaled to one size. weights/README.md says how the network was trained.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.openvino_requests import RequestPool, compile_options
from agelens.data_prep.core.ordered_threads import run_in_background
from agelens.data_prep.faces.alignment import (
    EYE_DISTANCE,
    TEMPLATE,
    Floats,
    are_plausible,
    fit_similarity,
    points_of_box,
    warp_view,
)

NETWORK_SIDE = 80
BATCH = 32

MAX_ERROR = 0.16
"""Largest expected error at which points are believed, in distances between the eyes; profiles have more."""

RETRY_ERROR = 0.5 * MAX_ERROR
"""Crops with a larger expected error are turned by `TURNS` and tried again."""

TURNS = (60, -60, 120, -120, 180)
"""Degrees."""

REFINED_ERROR = 1.5
"""The last pass replaces the points unless their expected error grows by more than this factor."""

USUAL_POINTS = (TEMPLATE - [73.75, 72.0]) * (27.0 / EYE_DISTANCE) + [39.5, 40.5]
"""`(5, 2)`: where the points of a face are in the last pass: 27 pixels between the eyes, as in most crops."""

POINT_DECIMALS = 2
"""Points are rounded to 0.01 pixel, as tables store them, so that they hardly depend on the batch and the machine."""

MARGIN = 0.15 / 1.3
"""Where the box of a face begins in its crop, as a fraction of the side, if the image has room for the margin."""


@dataclass(frozen=True)
class FacePoints:
    """The points of one face.

    Args:
        points: `(5, 2)` x, y in pixels of the crop: eyes left to right, tip of the nose, corners of the mouth.
        error: Expected error of a point, in distances between the eyes.
        located: Whether the points form a face; else they are the average ones of the face's box.
    """

    points: Floats
    error: float
    located: bool


class PointLocator:
    """Locates the points of faces in their crops; thread-safe.

    Args:
        path: The network's `.xml`, with its `.bin` beside it.
        max_error: Largest expected error, in distances between the eyes, at which points are believed.
        device: OpenVINO's name of the device that computes.
        wait: Until the network is compiled. Otherwise a thread compiles it, and its first use waits.

    Raises:
        WeightsError: A file is missing.
    """

    def __init__(self, path: Path, *, max_error: float = MAX_ERROR, device: str = "CPU", wait: bool = True) -> None:
        for part in (path, path.with_suffix(".bin")):
            if not part.is_file():
                msg = f"The network that locates points is an .xml and a .bin file. There is no {part}."
                raise WeightsError(msg)
        self.max_error = max_error
        self._pool = run_in_background(partial(_start_network, path, device))
        if wait:
            self._pool()

    def locate(self, crops: Sequence[Pixels], boxes: Sequence[Floats] | None = None) -> list[FacePoints]:
        """Return the points of the face in each crop `uint8 (S, S, 3)` RGB, in order.

        Args:
            crops: Square.
            boxes: `(4,)` xyxy of each face in pixels of its crop, for faces whose points cannot be located. None: in
                the middle of the crop, with a full margin.
        """
        return list(self.locate_all(crops, boxes))

    def locate_all(
        self,
        crops: Iterable[Pixels],
        boxes: Iterable[Floats] | None = None,
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Iterator[FacePoints]:
        """Yield the points of the face in each crop; `progress` is called with the number of crops that were done."""
        waiting, of_box = iter(crops), None if boxes is None else iter(boxes)
        while batch := list(islice(waiting, BATCH)):
            given = [_usual_box(crop) for crop in batch] if of_box is None else list(islice(of_box, len(batch)))
            yield from self._locate_batch(batch, given)
            progress(len(batch))

    def _locate_batch(self, crops: Sequence[Pixels], boxes: Sequence[Floats]) -> list[FacePoints]:
        best = self._look(crops, [_turned(crop, 0) for crop in crops])
        self._try_turns(crops, best)
        upright = [index for index, found in enumerate(best) if found.located]
        frames = [fit_similarity(best[index].points, USUAL_POINTS) for index in upright]
        for index, found in zip(upright, self._look([crops[index] for index in upright], frames), strict=True):
            if found.located and found.error < REFINED_ERROR * best[index].error:
                best[index] = found
        return [
            found if found.located and found.error < self.max_error
            else replace(found, points=points_of_box(box), located=False)
            for found, box in zip(best, boxes, strict=True)
        ]  # fmt: skip

    def _try_turns(self, crops: Sequence[Pixels], best: list[FacePoints]) -> None:
        """Replace uncertain points in place where a turned crop gives better ones."""
        weak = [index for index, found in enumerate(best) if not found.located or found.error > RETRY_ERROR]
        tries = [(index, turn) for turn in TURNS for index in weak]
        frames = [_turned(crops[index], turn) for index, turn in tries]
        found_again = self._look([crops[index] for index, _ in tries], frames)
        for (index, _), found in zip(tries, found_again, strict=True):
            if (found.located, -found.error) > (best[index].located, -best[index].error):
                best[index] = found

    def _look(self, crops: Sequence[Pixels], frames: Sequence[Floats]) -> list[FacePoints]:
        """Return the points that the network sees through the transform from each crop to its view."""
        if not crops:
            return []
        views = np.stack([warp_view(c, f, side=NETWORK_SIDE) for c, f in zip(crops, frames, strict=True)])
        with self._pool().borrow() as (request, *_):
            outputs = request.infer({0: views})
            points, errors = (np.asarray(outputs[name], dtype=np.float64) for name in ("points", "errors"))
        eyes = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
        undone = [_undo(five, frame) for five, frame in zip(points, frames, strict=True)]
        return [
            FacePoints(five, float(error), located=are_plausible(five, side=crop.shape[0]))
            for five, error, crop in zip(undone, errors.mean(axis=1) / np.maximum(eyes, 1e-6), crops, strict=True)
        ]


def _start_network(path: Path, device: str) -> RequestPool:
    import openvino as ov  # noqa: PLC0415  `agelens --help` must not wait for it

    network = ov.Core().compile_model(path, device, compile_options("float32", many=True))
    return RequestPool(network, np.zeros((1, NETWORK_SIDE, NETWORK_SIDE, 3), dtype=np.uint8))


def _turned(crop: Pixels, degrees: float) -> Floats:
    """Return the transform `(2, 3)` from a whole crop, turned about its centre, to a view."""
    side, angle = crop.shape[0], np.radians(degrees)
    cos, sin = NETWORK_SIDE / side * np.cos(angle), NETWORK_SIDE / side * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, np.full(2, (NETWORK_SIDE - 1) / 2) - linear @ np.full(2, (side - 1) / 2)])


def _undo(points: Floats, frame: Floats) -> Floats:
    """Return points of a view in pixels of its crop."""
    inverse = np.linalg.inv(frame[:, :2])
    undone: Floats = ((points - frame[:, 2]) @ inverse.T).round(POINT_DECIMALS)
    return undone


def _usual_box(crop: Pixels) -> Floats:
    box: Floats = crop.shape[0] * np.array([MARGIN, MARGIN, 1 - MARGIN, 1 - MARGIN])
    return box
