"""EfficientNet-Lite0 in Keras: EfficientNetB0 without squeeze-and-excitation, with ReLU6, stem and top not scaled.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling" (arXiv 1905.11946), and the TPU repository's
`efficientnet/lite` for the changes. Layers have the names of EfficientNetB0 in Keras, so that `unfreeze: block4a` means
the same position in both.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from agelens.weights.lite0 import read_lite0_weights

BATCH_NORM_EPSILON = 1e-3
DROP_CONNECT_RATE = 0.2
"""Share of images for which training skips the last residual block; it decreases linearly to 0 at the first block
(stochastic depth, Huang et al. 2016, arXiv 1603.09382). EfficientNetB0 has the same rate."""

LITE0_BLOCKS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Repeats, kernel, stride of the first repeat, expansion and output channels of each group of blocks."""


def build_efficientnet_lite0(*, input_shape: tuple[int, int, int]) -> Any:
    """Build the network without a classifier and with random weights.

    Args:
        input_shape: `(height, width, 3)`.

    Returns:
        A functional model from RGB 0..255 to `(B, height / 32, width / 32, 1280)`; it contains its normalisation.
    """
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = _conv_bn_relu(x, 32, kernel=3, stride=2, name="stem_conv", norm="stem_bn")
    blocks, place = sum(repeats for repeats, *_ in LITE0_BLOCKS), 0
    for index, (repeats, kernel, stride, expand, filters) in enumerate(LITE0_BLOCKS, start=1):
        for repeat in range(repeats):
            name = f"block{index}{'abcd'[repeat]}_"
            x = _inverted_bottleneck(
                x,
                filters,
                kernel=kernel,
                stride=stride if repeat == 0 else 1,
                expand=expand,
                drop_rate=DROP_CONNECT_RATE * place / blocks,
                name=name,
            )
            place += 1
    x = _conv_bn_relu(x, 1280, kernel=1, stride=1, name="top_conv", norm="top_bn")
    return keras.Model(image, x, name="efficientnet_lite0")


def load_imagenet(network: Any) -> None:
    """Load the ImageNet weights of a Lite0 network, converted from the published PyTorch file.

    Raises:
        WeightsError: The package with the file is not installed, or its file is not the published one.
    """
    arrays = read_lite0_weights()
    for layer in network.layers:
        names = _weight_names(layer)
        if names:
            layer.set_weights([_as_keras(arrays[name], layer) for name in names])


def _conv_bn_relu(x: Any, filters: int, *, kernel: int, stride: int, name: str, norm: str) -> Any:
    x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=norm)(x)
    return layers.ReLU(6.0, name=norm.replace("_bn", "_activation"))(x)


def _inverted_bottleneck(
    inputs: Any, filters: int, *, kernel: int, stride: int, expand: int, drop_rate: float, name: str
) -> Any:
    channels = inputs.shape[-1]
    x = inputs
    if expand != 1:
        x = _conv_bn_relu(x, channels * expand, kernel=1, stride=1, name=name + "expand_conv", norm=name + "expand_bn")
    x = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False, name=name + "dwconv")(x)
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=name + "bn")(x)
    x = layers.ReLU(6.0, name=name + "activation")(x)
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=name + "project_conv")(x)
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=name + "project_bn")(x)
    if stride == 1 and channels == filters:
        x = layers.Dropout(drop_rate, noise_shape=(None, 1, 1, 1), name=name + "drop")(x)
        x = layers.Add(name=name + "add")([x, inputs])
    return x


def _weight_names(layer: Any) -> list[str]:
    """Return the PyTorch names of the weights of a layer, in the order of Keras."""
    if not layer.weights:
        return []
    prefix = _torch_prefix(layer.name)
    if isinstance(layer, layers.BatchNormalization):
        return [f"{prefix}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    return [f"{prefix}.weight"]


def _torch_prefix(name: str) -> str:
    outer = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}
    if name in outer:
        return outer[name]
    block, part = name.split("_", 1)
    stage, repeat = int(block[5]), "abcd".index(block[6])
    index = sum(repeats for repeats, *_ in LITE0_BLOCKS[: stage - 1]) + repeat
    inner: Mapping[str, str] = {
        "expand_conv": "_expand_conv",
        "expand_bn": "_bn0",
        "dwconv": "_depthwise_conv",
        "bn": "_bn1",
        "project_conv": "_project_conv",
        "project_bn": "_bn2",
    }
    return f"_blocks.{index}.{inner[part]}"


def _as_keras(array: npt.NDArray[np.float32], layer: Any) -> npt.NDArray[np.float32]:
    """Return an array in the axis order of Keras: PyTorch kernels are (out, in, height, width)."""
    if array.ndim != 4:
        return array
    depthwise = isinstance(layer, layers.DepthwiseConv2D)
    return array.transpose(2, 3, 0, 1) if depthwise else array.transpose(2, 3, 1, 0)
