"""Divides a network into the frozen trunk, whose output for a crop never changes, and the top, which is trained.

Both share their layers with the network, so training the top changes the weights of the network.
"""

from typing import Any

import keras

from agelens.models.network.age_net import backbone_of


def build_trunk_and_top(age_net: Any) -> tuple[Any, Any]:
    """Divide a network whose backbone was unfrozen by `agelens.models.network.backbones.unfreeze`.

    The cut is the last position below the first trainable layer where a single tensor connects both parts. The top
    contains all trainable layers and, inside a residual block, a few frozen ones.

    Args:
        age_net: From `agelens.models.network.age_net.build_age_net`.

    Returns:
        A model from `uint8 (B, S, S, 3)` RGB to the cut `(B, h, w, channels)`, and one from the cut to the outputs.
    """
    backbone = backbone_of(age_net)
    cut = _find_cut(backbone)
    image = keras.Input(age_net.input_shape[1:], dtype="uint8", name="image")
    trunk = keras.Model(image, keras.Model(backbone.input, cut)(age_net.get_layer("to_float")(image)), name="trunk")
    activation = keras.Input(cut.shape[1:], name="activation")
    above = activation if cut is backbone.output else keras.Model(cut, backbone.output)(activation)
    pooled = above if len(above.shape) == 2 else age_net.get_layer("pool")(above)
    return trunk, keras.Model(activation, age_net.get_layer("head")(pooled), name="top")


def _find_cut(backbone: Any) -> Any:
    """Return the tensor between trunk and top."""
    for index in range(_first_trainable(backbone), 0, -1):
        crossing = _crossing(backbone, index)
        if len(crossing) == 1:
            return crossing[0]
    return backbone.layers[0].output


def _first_trainable(backbone: Any) -> int:
    """Return the index of the first trainable layer, or the number of layers if there is none."""
    trainable = (index for index, layer in enumerate(backbone.layers) if layer.trainable_weights)
    return next(trainable, len(backbone.layers))


def _crossing(backbone: Any, index: int) -> list[Any]:
    """Return the tensors that layers from `index` on take from earlier layers."""
    late = {id(layer) for layer in backbone.layers[index:]}
    # Only the nodes of this model: a layer shared with another model has nodes of that model too.
    own = {id(node) for nodes in backbone._nodes_by_depth.values() for node in nodes}
    found: dict[int, Any] = {}
    for layer in backbone.layers[index:]:
        for node in (node for node in layer._inbound_nodes if id(node) in own):
            makers = {id(tensor): tensor._keras_history.operation for tensor in node.input_tensors}
            found |= {id(tensor): tensor for tensor in node.input_tensors if id(makers[id(tensor)]) not in late}
    if index == len(backbone.layers):
        found = {id(backbone.output): backbone.output}
    return list(found.values())
