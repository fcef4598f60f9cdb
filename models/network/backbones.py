"""Backbones, which turn crops into features, and the layers of each that phase 2 trains by default.

Every backbone takes RGB 0..255 and contains its own normalisation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from agelens.data_prep.core.errors import ParamsError, WeightsError
from agelens.models.network.dlib_resnet import build_dlib_resnet29, load_dlib
from agelens.models.network.efficientnet_lite import build_efficientnet_lite0, load_imagenet
from agelens.weights.fetch import fetch_weights

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406])
IMAGENET_STD = np.array([0.229, 0.224, 0.225])
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
"""The published weights of ResNet50 come from Caffe: BGR, mean subtracted, not scaled."""


@dataclass(frozen=True)
class Backbone:
    """An entry of `BACKBONES`.

    Args:
        build: Builds the network without a classifier and with random weights, from `input_shape=(height, width, 3)`.
        unfreeze: The first layer that phase 2 trains by default; see `unfreeze`.
        registry_name: Name of the ImageNet weights in `agelens.weights.registry`; None if they are not a file there.
        loaders: Functions that load published weights, by their name in `model.weights`.
    """

    build: Callable[..., Any]
    unfreeze: str | int
    registry_name: str | None = None
    loaders: Mapping[str, Callable[[Any], None]] = field(default_factory=dict)


def _build_efficientnet_b0(*, input_shape: tuple[int, int, int]) -> Any:
    return keras.applications.EfficientNetB0(weights=None, include_top=False, input_shape=input_shape)


def _build_resnet50(*, input_shape: tuple[int, int, int]) -> Any:
    image = keras.Input(input_shape, name="image")
    bgr = ops.flip(image, axis=-1)
    shifted = layers.Normalization(mean=CAFFE_MEAN_BGR, variance=(1.0, 1.0, 1.0), name="caffe")(bgr)
    network = keras.applications.ResNet50(weights=None, include_top=False, input_tensor=shifted)
    return keras.Model(image, network.output, name="resnet50")  # the model of Keras takes a list of one image


def _build_tiny(*, input_shape: tuple[int, int, int]) -> Any:
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling")(image)
    for index, filters in enumerate((8, 16, 32), start=1):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, name=f"block{index}_conv")(x)
        x = layers.BatchNormalization(name=f"block{index}_bn")(x)
        x = layers.ReLU(name=f"block{index}_activation")(x)
    return keras.Model(image, x, name="tiny")


PUBLISHED = ("imagenet", "dlib")
"""Names that `model.weights` has for published weights."""

BACKBONES = {
    # The seed project trains 80 layers from the top, which begin inside block5c.
    "efficientnet_b0": Backbone(_build_efficientnet_b0, 80, "efficientnet_b0_imagenet"),
    "resnet50": Backbone(_build_resnet50, "conv4_block1_1_conv", "resnet50_imagenet"),
    "efficientnet_lite0": Backbone(
        build_efficientnet_lite0, "block4a_expand_conv", loaders={"imagenet": load_imagenet}
    ),
    "dlib_resnet29": Backbone(build_dlib_resnet29, "stem_conv", loaders={"dlib": load_dlib}),
    "tiny": Backbone(_build_tiny, "block2_conv"),
}


def build_backbone(name: str, *, input_shape: tuple[int, int, int], weights: str = "imagenet", seed: int = 0) -> Any:
    """Build a backbone and load its weights.

    Args:
        name: A key of `BACKBONES`.
        input_shape: `(height, width, 3)`.
        weights: `imagenet`, or `dlib` for dlib_resnet29; `none` (random weights); or the path of a weights file for
            this network.
        seed: Of random weights; every stage that builds the network uses the same.

    Returns:
        A functional model from RGB 0..255 `(B, height, width, 3)` to features: maps `(B, h, w, channels)`, or numbers
        `(B, channels)` where the backbone averages its maps itself.

    Raises:
        ParamsError: There is no backbone of that name.
        WeightsError: The weights cannot be fetched, or do not belong to this network.
    """
    if name not in BACKBONES:
        msg = f"model.backbone must be one of {', '.join(BACKBONES)}. Received: {name}."
        raise ParamsError(msg)
    keras.utils.set_random_seed(seed)
    network = BACKBONES[name].build(input_shape=input_shape)
    if weights in BACKBONES[name].loaders:
        BACKBONES[name].loaders[weights](network)
    elif weights in PUBLISHED:
        _load_published(network, name, weights)
    elif weights != "none":
        _load_file(network, Path(weights))
    if name == "efficientnet_b0":
        _set_normalisation(network)
    return network


def _load_published(network: Any, name: str, weights: str) -> None:
    file = BACKBONES[name].registry_name if weights == "imagenet" else None
    if file is None:
        known = ", ".join([*BACKBONES[name].loaders, "none"])
        msg = f"There are no {weights} weights for {name}; set model.weights to {known} or a file."
        raise WeightsError(msg)
    _load_file(network, fetch_weights(file))


def _load_file(network: Any, path: Path) -> None:
    if not path.is_file():
        msg = f"model.weights must be imagenet, none or a file of weights. There is no file {path}."
        raise WeightsError(msg)
    try:
        network.load_weights(path)
    except (ValueError, OSError) as error:
        msg = f"{path} does not hold weights of {network.name}: {str(error).splitlines()[0]}"
        raise WeightsError(msg) from error


def _set_normalisation(network: Any) -> None:
    """Set the normalisation of EfficientNetB0 to the statistics of ImageNet.

    Keras adds a layer for the scale only when it downloads the weights itself (tensorflow issue 62193); the same file
    loaded by hand gives other outputs. Here the normalisation is always complete.
    """
    normalization = next(layer for layer in network.layers if isinstance(layer, layers.Normalization))
    normalization.set_weights([IMAGENET_MEAN, IMAGENET_STD**2, *normalization.get_weights()[2:]])
    normalization.finalize_state()


def unfreeze(network: Any, first: str | int, *, setting: str = "train.phase2.unfreeze") -> int:
    """Unfreeze the upper layers of a backbone, except for BatchNormalization, which keeps the statistics of ImageNet.

    Args:
        network: The backbone.
        first: The first layer to unfreeze, by its name or that of its block (`block4a` for `block4a_expand_conv`), or
            the number of layers to unfreeze, counted from the top.
        setting: The setting that `first` comes from, for the error.

    Returns:
        The number of trainable weights (arrays).

    Raises:
        ParamsError: There is no layer or block of that name.
    """
    start = (
        _find_layer(network, first, setting=setting) if isinstance(first, str) else max(0, len(network.layers) - first)
    )
    # Keras ignores an assignment that changes nothing, and would leave frozen children frozen.
    network.trainable = False
    network.trainable = True
    for index, layer in enumerate(network.layers):
        layer.trainable = index >= start and not isinstance(layer, layers.BatchNormalization)
    return len(network.trainable_weights)


def _find_layer(network: Any, name: str, *, setting: str) -> int:
    """Return the index of the layer of that name, or of the first layer of the block of that name."""
    names = [layer.name for layer in network.layers]
    found = [name] if name in names else [layer for layer in names if layer.startswith(f"{name}_")]
    if not found:
        near = [layer for layer in names if layer.startswith(name.partition("_")[0])] or names
        msg = f"{setting} must be a number, or a layer or block of {network.name}, such as {near[0]}. Received: {name}."
        raise ParamsError(msg)
    return names.index(found[0])
