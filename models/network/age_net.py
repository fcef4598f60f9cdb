"""The whole network, from uint8 crops to age group, age in years and further outputs."""

from typing import Any

import keras
from keras import layers, ops


def build_age_net(backbone: Any, head: Any) -> Any:
    """Join a backbone and a head.

    Args:
        backbone: From `build_backbone`: RGB 0..255 to `(B, h, w, channels)`.
        head: From `build_head`: `(B, channels)` to the outputs.

    Returns:
        A model from `uint8 (B, S, S, 3)` RGB to the outputs of the head by name.
    """
    image, pooled = _pooled_features(backbone)
    return keras.Model(image, head(pooled), name="age_net")


def build_feature_net(backbone: Any) -> Any:
    """Return the network below the head, from `uint8 (B, S, S, 3)` RGB to pooled features `(B, channels)`."""
    image, pooled = _pooled_features(backbone)
    return keras.Model(image, pooled, name="feature_net")


def average_with_mirror_image(age_net: Any) -> Any:
    """Return a network with the mean of the outputs for each image and for its mirror image.

    Both have the same age and different errors, so the mean has a smaller error. Prediction takes twice as long.
    """
    image = keras.Input(age_net.input_shape[1:], dtype="uint8", name="image")
    plain, mirrored = age_net(image), age_net(ops.flip(image, axis=2))
    outputs = {name: layers.Average(name=name, dtype="float32")([plain[name], mirrored[name]]) for name in plain}
    return keras.Model(image, outputs, name="mirror_average")


def _pooled_features(backbone: Any) -> tuple[Any, Any]:
    """Return an input `uint8 (B, S, S, 3)` and the pooled features `(B, channels)` of a backbone."""
    image = keras.Input(backbone.input_shape[1:], dtype="uint8", name="image")
    pixels = layers.Rescaling(1.0, name="to_float")(image)
    features = backbone(pixels)
    if len(features.shape) == 2:  # the backbone has averaged its maps itself
        return image, features
    return image, layers.GlobalAveragePooling2D(name="pool", dtype="float32")(features)


def backbone_of(age_net: Any) -> Any:
    """Return the backbone of a network from `build_age_net`."""
    return next(layer for layer in age_net.layers if isinstance(layer, keras.Model) and layer.name != "head")


def head_of(age_net: Any) -> Any:
    """Return the head of a network from `build_age_net`."""
    return age_net.get_layer("head")
