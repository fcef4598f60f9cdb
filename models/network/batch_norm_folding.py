"""Folds frozen BatchNormalization layers into the convolutions before them: the same function, computed faster.

A frozen normalisation scales and shifts its input. It costs two passes over memory forward and two backward, and
prevents TensorFlow from fusing the convolution with its activation. Scaling the kernel instead is the same function of
the same weights, so its gradients are the same (Jacob et al. 2018, arXiv 1712.05877, with frozen statistics).
"""

from typing import Any

import keras
from keras import layers, ops

from agelens.models.network.age_net import backbone_of, build_age_net, head_of


class FoldedConv(layers.Layer):  # type: ignore[misc]
    """A convolution and the frozen BatchNormalization after it, as one convolution with a bias.

    Args:
        conv: A built `Conv2D` or `DepthwiseConv2D` without an activation.
        norm: The frozen normalisation of its output.
    """

    def __init__(self, conv: Any, norm: Any) -> None:
        super().__init__(name=f"{conv.name}_folded", dtype=conv.dtype_policy)
        self.conv, self.norm = conv, norm
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return `norm(conv(inputs))`, `(B, h, w, channels)`."""
        conv, norm = self.conv, self.norm
        scale = norm.gamma * ops.rsqrt(norm.moving_variance + norm.epsilon)
        mean = norm.moving_mean - conv.bias if conv.use_bias else norm.moving_mean
        shift = norm.beta - mean * scale
        options = {"strides": conv.strides, "padding": conv.padding}
        if isinstance(conv, layers.DepthwiseConv2D):
            return ops.depthwise_conv(inputs, conv.kernel * scale[:, None], **options) + shift
        return ops.conv(inputs, conv.kernel * scale, **options) + shift


def fold_age_net(age_net: Any) -> Any:
    """Return a network from `age_net.build_age_net` with its backbone folded by `fold_batch_norms`."""
    return build_age_net(fold_batch_norms(backbone_of(age_net)), head_of(age_net))


def fold_batch_norms(backbone: Any) -> Any:
    """Return a network that shares all layers with a backbone and computes the same, with frozen norms folded.

    Args:
        backbone: A functional model, unfrozen by `backbones.unfreeze`. Training the returned network changes the
            weights of the backbone. Layers that are trainable are not folded; folded ones must stay frozen.

    Returns:
        A functional model from the same input to the same output.
    """
    norms = _foldable(backbone)

    def call(layer: Any, *args: Any, **options: Any) -> Any:
        if layer in norms.values():
            return args[0]
        if layer in norms:
            return FoldedConv(norms[layer], layer)(args[0])
        return layer(*args, **options)

    return keras.models.clone_model(backbone, clone_function=lambda layer: layer, call_function=call)


def _foldable(backbone: Any) -> dict[Any, Any]:
    """Return the convolution before each frozen normalisation that is the only consumer of its output."""
    consumers: dict[int, list[Any]] = {id(tensor): [backbone] for tensor in backbone.outputs}
    # Only the nodes of this model: a layer shared with another model has nodes of that model too.
    nodes = [node for level in backbone._nodes_by_depth.values() for node in level]
    for node in nodes:
        for tensor in node.input_tensors:
            consumers.setdefault(id(tensor), []).append(node.operation)
    found = {}
    for node in nodes:
        following = consumers.get(id(node.outputs[0]), [])
        if _is_plain_convolution(node.operation) and len(following) == 1 and _is_frozen_norm(following[0]):
            found[following[0]] = node.operation
    return found


def _is_plain_convolution(layer: Any) -> bool:
    """Return whether a layer is a convolution, with or without a bias, and nothing else; folding is exact then."""
    if not isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D) or layer.compute_dtype != "float32":
        return False
    ungrouped = layer.groups == 1 if isinstance(layer, layers.Conv2D) else layer.depth_multiplier == 1
    return ungrouped and layer.dilation_rate == (1, 1) and layer.activation is keras.activations.linear


def _is_frozen_norm(layer: Any) -> bool:
    return isinstance(layer, layers.BatchNormalization) and not layer.trainable and layer.scale and layer.center
