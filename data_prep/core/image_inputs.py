"""What users pass as an image, as the `uint8 (height, width, 3)` RGB that everything else works with."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import ImageFile, Pixels, decode_image, pil_to_rgb, read_image_bytes

ImageInput = npt.NDArray[Any] | Image.Image | str | PathLike[str] | bytes
"""An array, a PIL image, the path of a file, or the content of one."""

ACCEPTED = "An image must be a path, the bytes of an image file, a PIL image, or a uint8 array (height, width, 3), RGB"

GREY, RGB, RGBA = 1, 3, 4
"""Channels of the arrays that are accepted."""


def is_one_image(value: object) -> bool:
    """Return whether a value is meant as one image; an array with four axes is several."""
    if isinstance(value, np.ndarray):
        return value.ndim != 4
    return isinstance(value, str | PathLike | bytes | bytearray | memoryview | Image.Image)


def as_image(value: object, *, bgr: bool = False, admit: Callable[[int], None] = lambda _: None) -> ImageFile:
    """Return an image as `uint8 (height, width, 3)` RGB, upright, with what is unusual about its file.

    Grey arrays `(height, width)` or `(height, width, 1)` are repeated for the three channels. Transparency, in arrays
    `(height, width, 4)` as in files, is blended with white. Nothing else is converted: values of another type than
    uint8 have no range that is known, and channels must be last.

    Args:
        value: A path, the bytes of an image file, a PIL image, or an array.
        bgr: The channels of arrays are in the order of OpenCV: blue, green, red.
        admit: Called with the number of pixels before a file is decoded; see
            `agelens.data_prep.core.images.decode_rgb`.

    Raises:
        ImageError: `unsupported` for any other value, with its type and shape; or why the file cannot be read.
    """
    if isinstance(value, np.ndarray):
        return ImageFile(_array_to_rgb(value, bgr=bgr))
    if isinstance(value, Image.Image):
        if 0 in value.size:
            shown = "a PIL image of {} x {} pixels".format(*value.size)
            raise _unsupported(shown)
        return ImageFile(pil_to_rgb(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return decode_image(bytes(value), reduce=True, admit=admit)
    if isinstance(value, str | PathLike):
        return decode_image(read_image_bytes(Path(value)), reduce=True, admit=admit)
    kind = type(value)
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    raise _unsupported(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.") + shape)


def _array_to_rgb(array: npt.NDArray[Any], *, bgr: bool) -> Pixels:
    shown = f"{array.dtype} array of shape {array.shape}"
    if array.dtype != np.uint8:
        known = "; multiply values in 0..1 by 255 and round them" if array.dtype.kind == "f" else ""
        raise _unsupported(shown + known)
    channels = GREY if array.ndim == 2 else array.shape[-1] if array.ndim == 3 else 0
    if channels not in {GREY, RGB, RGBA}:
        channels_first = array.ndim == 3 and array.shape[0] in {GREY, RGB, RGBA}
        raise _unsupported(shown + "; channels must be last: array.transpose(1, 2, 0)" * channels_first)
    if array.size == 0:
        raise _unsupported(shown)
    if channels == GREY:
        return np.repeat(array.reshape(*array.shape[:2], 1), RGB, axis=2)
    if bgr:
        array = array[..., [2, 1, 0, 3][:channels]]
    rgb = pil_to_rgb(Image.fromarray(array)) if channels == RGBA else array
    return np.ascontiguousarray(rgb)


def _unsupported(received: str) -> ImageError:
    return ImageError("unsupported", f"{ACCEPTED}. Received: {received}.")
