"""dlib's face-recognition ResNet-29 in Keras, with the means of several maps as features.

Architecture: dlib's `dnn_face_recognition_ex.cpp` (Davis King, CC0): a 7 x 7 stem, 14 residual blocks in five groups of
32, 64, 128, 256 and 256 channels, no BatchNormalization left (its affine layers are folded into the convolutions).
Middle maps hold what recognition discards and age needs: with the means of the 64-, 128- and 256-channel maps beside
the last one, a head on frozen features errs by a tenth less than with the last map only.
"""

from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from agelens.data_prep.core.errors import ParamsError
from agelens.weights.dlib_resnet import find_dlib_resnet, read_dlib_resnet

MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 256.0

GROUPS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
"""Channels and blocks of each group of maps; all but the first begin with a block that halves the map."""

MIN_SIDE = 103
"""Pixels; a smaller input leaves the last group no map."""

FEATURE_GROUPS = (2, 3, 4, 5)
"""Groups whose last map is averaged into features: 64 + 128 + 256 + 256 = 704 numbers."""


def build_dlib_resnet29(*, input_shape: tuple[int, int, int]) -> Any:
    """Build the network without its descriptor layer and randomly initialised.

    Args:
        input_shape: `(height, width, 3)`; dlib trained at 150 x 150.

    Returns:
        A functional model from RGB 0..255 `(B, height, width, 3)` to features `(B, 704)`.

    Raises:
        ParamsError: The input is smaller than `MIN_SIDE`.
    """
    if min(input_shape[:2]) < MIN_SIDE:
        msg = f"dlib_resnet29 needs views of at least {MIN_SIDE} pixels. Received: {min(input_shape[:2])} pixels."
        raise ParamsError(msg)
    image = keras.Input(input_shape, name="image")
    x = layers.Normalization(mean=MEAN_RGB, variance=(SCALE**2,) * 3, name="normalization")(image)
    x = layers.Conv2D(32, 7, strides=2, activation="relu", name="stem_conv")(x)
    x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)
    features = []
    for group, (width, count) in enumerate(GROUPS, start=1):
        for index in range(count):
            x = _block(x, width, halves=index == 0 and group > 1, name=f"block{group}{'abcd'[index]}")
        if group in FEATURE_GROUPS:
            features.append(layers.GlobalAveragePooling2D(name=f"block{group}_mean", dtype="float32")(x))
    return keras.Model(image, layers.Concatenate(name="features", dtype="float32")(features), name="dlib_resnet29")


def load_dlib(network: Any, path: Path | None = None) -> None:
    """Load dlib's published weights.

    Raises:
        WeightsError: The package that carries them is not installed, or its file is not the published one.
    """
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    arrays = read_dlib_resnet(path or find_dlib_resnet())
    for layer, (kernel, bias) in zip(convolutions, arrays, strict=True):
        layer.set_weights([kernel, bias])


def _block(x: Any, width: int, *, halves: bool, name: str) -> Any:
    """Two 3 x 3 convolutions beside a shortcut; a halving block averages its shortcut and pads what is smaller."""
    padding = "valid" if halves else "same"
    y = layers.Conv2D(width, 3, strides=2 if halves else 1, padding=padding, activation="relu", name=f"{name}_conv1")(x)
    y = layers.Conv2D(width, 3, padding="same", name=f"{name}_conv2")(y)
    if halves:
        x = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
        shape = tuple(max(pair) for pair in zip(x.shape[1:], y.shape[1:], strict=True))
        x, y = _pad(x, shape), _pad(y, shape)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def _pad(x: Any, shape: tuple[int, ...]) -> Any:
    """Pad a map with zeros at the end of rows, columns and channels, as dlib does."""
    missing = [(0, wanted - given) for wanted, given in zip(shape, x.shape[1:], strict=True)]
    return ops.pad(x, [(0, 0), *missing]) if any(end for _, end in missing) else x
