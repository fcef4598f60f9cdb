"""Resizing with numpy and warping with OpenVINO: the pixels of OpenCV, with which models are trained."""

import threading
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.openvino_requests import RequestPool, compile_options
from agelens.data_prep.core.resampling.bilinear import resize_bilinear
from agelens.data_prep.core.resampling.kernels import Kernel, make_bands

Pixels = npt.NDArray[np.uint8]

ROWS, COLUMNS = 8, 32
"""Of a band. Few rows, because a product with more would be computed in threads, which wait longer than they help."""


def resize(image: Pixels, *, height: int, width: int, kernel: Kernel) -> Pixels:
    """Return an image `uint8 (height, width, 3)` resized from one of another size.

    Cubic kernels and averages of areas are products with a matrix along each axis. They are computed in bands of rows,
    because most of a matrix is 0, and a band fits into the cache of a processor.

    Args:
        image: `uint8 (H, W, 3)`.
        height: Of the result.
        width: Of the result.
        kernel: How pixels are weighted.
    """
    if kernel != "cubic" and image.shape[:2] == (2 * height, 2 * width):
        return _halve(image)
    grows = height > image.shape[0] or width > image.shape[1]
    if kernel == "linear" or (kernel == "area" and grows):
        return resize_bilinear(image, height=height, width=width, covering=kernel == "area")
    resized = np.empty((height, width, 3), dtype=np.uint8)
    columns = make_bands(image.shape[1], width, kernel, band=COLUMNS)
    for start, stop, used, weights in make_bands(image.shape[0], height, kernel, band=ROWS):
        rows = weights @ image[used].reshape(weights.shape[1], -1).astype(np.float32)
        turned = rows.reshape(stop - start, -1, 3).swapaxes(0, 1).reshape(image.shape[1], -1)
        band = np.empty((width, turned.shape[1]), dtype=np.float32)
        for column in columns:
            np.matmul(column.weights, turned[column.used], out=band[column.start : column.stop])
        np.clip(np.rint(band, out=band), 0, 255, out=band)
        resized[start:stop] = band.reshape(width, stop - start, 3).swapaxes(0, 1)
    return resized


def _halve(image: Pixels) -> Pixels:
    """Return the mean of each square of four pixels; a half is rounded up."""
    sums = image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2, 3).sum(axis=(1, 3), dtype=np.uint16)
    return np.asarray((sums + 2) >> 2, dtype=np.uint8)


def warp(image: Pixels, transform: npt.NDArray[np.float64], *, side: int, supersample: bool) -> Pixels:
    """Return a square view `uint8 (side, side, 3)` of an image through an affine transform, interpolated linearly.

    Args:
        image: `uint8 (H, W, 3)`, at least 2 x 2; beyond its border, it is reflected.
        transform: `(2, 3)`, from x, y in the image to x, y in the view; pixels have whole numbers.
        side: Of the view.
        supersample: Average four samples for each pixel, for views that shrink the image.
    """
    linear = np.linalg.inv(transform[:, :2])
    back = np.column_stack([linear, -linear @ transform[:, 2]])
    width, height = image.shape[1] - 1, image.shape[0] - 1
    scaled = back * 2 / np.array([[width], [height]])  # GridSample counts from -1 to 1
    scaled[:, 2] -= 1
    with _STARTING:
        sampler = _sampler(side, supersample=supersample)
    with sampler.borrow() as (request, *_):
        view = request.infer({0: np.ascontiguousarray(image)[None], 1: scaled.astype(np.float32)})[0]
        return np.array(view[0], dtype=np.uint8)


_STARTING = threading.Lock()
"""So that threads do not compile the same network at once."""


@cache
def _sampler(side: int, *, supersample: bool) -> RequestPool:
    """Return the requests to a network of one layer: GridSample of an image where the pixels of a view come from."""
    import openvino as ov  # noqa: PLC0415  `agelens --help` should not import it
    from openvino import opset13 as op  # noqa: PLC0415

    image = op.parameter([1, -1, -1, 3], np.uint8)
    back = op.parameter([2, 3], np.float32)
    planes = op.transpose(op.convert(image, "f32"), [0, 3, 1, 2])
    places = np.arange(2 * side) / 2 - 0.25 if supersample else np.arange(side)
    x, y = np.meshgrid(places, places)
    view = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1).astype(np.float32)
    grid = op.reshape(op.matmul(view, back, False, True), [1, len(places), len(places), 2], special_zero=False)
    border: dict[str, Any] = {"align_corners": True, "mode": "bilinear", "padding_mode": "reflection"}
    sampled = op.round(op.grid_sample(planes, grid, border), "half_to_even")
    if supersample:
        means = op.avg_pool(sampled, [2, 2], [0, 0], [0, 0], [2, 2], exclude_pad=True)
        sampled = op.floor(op.add(means, np.float32(0.5)))
    pixels = op.transpose(op.convert(op.clamp(sampled, 0.0, 255.0), "u8"), [0, 2, 3, 1])
    options: dict[str, Any] = {**compile_options("float32", many=False), "INFERENCE_NUM_THREADS": 1}
    network = ov.Core().compile_model(ov.Model([pixels], [image, back]), "CPU", options)
    return RequestPool(network, [np.zeros((1, 2, 2, 3), dtype=np.uint8), np.zeros((2, 3), dtype=np.float32)])
