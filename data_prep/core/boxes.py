"""Arithmetic of boxes: float arrays `(N, 4)` of x1, y1, x2, y2 in pixels. No function changes its inputs."""

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]


def clip_boxes(xyxy: Boxes, *, height: int, width: int) -> Boxes:
    """Return the boxes clipped to an image."""
    return xyxy.clip(0, [width, height, width, height])


def expand_boxes(xyxy: Boxes, *, margin_fraction: float) -> Boxes:
    """Return the boxes enlarged on each side by a fraction of their own width and height."""
    margin = (xyxy[..., 2:] - xyxy[..., :2]) * margin_fraction
    return np.concatenate([xyxy[..., :2] - margin, xyxy[..., 2:] + margin], axis=-1)


def square_boxes(xyxy: Boxes) -> Boxes:
    """Return the smallest squares with the same centres that contain the boxes."""
    center = (xyxy[..., :2] + xyxy[..., 2:]) / 2
    half = (xyxy[..., 2:] - xyxy[..., :2]).max(axis=-1, keepdims=True) / 2
    return np.concatenate([center - half, center + half], axis=-1)


def box_areas(xyxy: Boxes) -> npt.NDArray[np.float64]:
    """Return the areas `(N,)`; 0 for a box with x2 < x1 or y2 < y1."""
    sides: Boxes = (xyxy[..., 2:] - xyxy[..., :2]).clip(0)
    return sides[..., 0] * sides[..., 1]


def suppress_overlaps(xyxy: Boxes, scores: npt.NDArray[np.float64], *, max_overlap: float) -> npt.NDArray[np.intp]:
    """Return the indices of the boxes that non-maximum suppression keeps, best score first.

    A box is left out if its intersection over union with a kept one is larger than `max_overlap`. Of equal scores, the
    first box is kept.
    """
    waiting, kept = np.argsort(-scores, kind="stable"), list[int]()
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        waiting = waiting[pairwise_iou(xyxy[best][None], xyxy[waiting])[0] <= max_overlap]
    return np.array(kept, dtype=np.intp)


def pairwise_iou(first: Boxes, second: Boxes) -> npt.NDArray[np.float64]:
    """Return the intersection over union `(N, M)` of every box of `first` with every box of `second`."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = box_areas(np.concatenate([low, high], axis=-1))
    union = box_areas(first)[:, None] + box_areas(second)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
