"""Rebuilds the Keras network of an exported OpenVINO model, which holds no Keras file.

OpenVINO computes maps as (batch, channels, height, width), Keras on CPUs as (batch, height, width, channels). A tensor
that the graph has transposed to channels first is therefore kept as it was, and every later axis is translated. Layers
with equal weights are one layer, such as those of the two copies of a network that averages with the mirror image.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from agelens.data_prep.core.errors import WeightsError
from agelens.models.exports.calibrated_network import INPUT

Array = npt.NDArray[Any]

TO_CHANNELS_FIRST, TO_CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]

LAST_AXES = {0: 0, 1: 3, 2: 1, 3: 2}
"""Where the axes of a tensor with channels first are when the channels are last."""

SHAPES_OF_MIRRORING = {"ShapeOf", "Gather", "Broadcast"}
"""Operations that compute how many columns ReverseSequence reverses: all of them."""


@dataclass(frozen=True)
class Value:
    """A tensor of the graph.

    Args:
        tensor: Of Keras, or a constant array, which has the axes of the graph.
        moved: Channels are last in `tensor`, and first in the graph.
    """

    tensor: Any
    moved: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether the tensor is an array."""
        return isinstance(self.tensor, np.ndarray)


def read_openvino_network(path: Path) -> tuple[Any, bool]:
    """Return the Keras network of an OpenVINO graph, and whether it averages with the mirror image.

    Args:
        path: The `.xml` of an exported model.

    Raises:
        WeightsError: The file cannot be read, or has an operation that no exported network of agelens has.
    """
    import openvino as ov  # noqa: PLC0415

    try:
        graph = ov.Core().read_model(path)
    except RuntimeError as error:
        msg = f"{path} cannot be read as an OpenVINO network: {str(error).strip().splitlines()[-1]}"
        raise WeightsError(msg) from error
    return _Reader(path).read(graph)


class _Reader:
    """Translates a graph operation by operation.

    Args:
        path: For messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, Value] = {}
        self.layers: dict[str, Any] = {}
        self.mirrors = False
        self.image: Any = None
        self.handlers: dict[str, Callable[[Any, list[Value]], Value]] = {
            "Parameter": self._parameter,
            "Constant": lambda node, _: Value(np.array(node.data)),
            "Convert": self._convert,
            "Transpose": self._transpose,
            "Convolution": self._convolution,
            "GroupConvolution": self._depthwise,
            "MatMul": self._dense,
            "Add": lambda node, inputs: self._elementwise(ops.add, node, inputs),
            "Subtract": lambda node, inputs: self._elementwise(ops.subtract, node, inputs),
            "Multiply": lambda node, inputs: self._elementwise(ops.multiply, node, inputs),
            "Divide": lambda node, inputs: self._elementwise(ops.divide, node, inputs),
            "Relu": lambda _, inputs: self._map(layers.ReLU(), inputs),
            "Clamp": self._clamp,
            "Sigmoid": lambda _, inputs: self._map(ops.sigmoid, inputs),
            "Swish": lambda _, inputs: self._map(ops.silu, inputs),
            "MaxPool": lambda node, inputs: self._pool(layers.MaxPooling2D, node, inputs),
            "AvgPool": lambda node, inputs: self._pool(layers.AveragePooling2D, node, inputs),
            "Pad": self._pad,
            "ReduceMean": self._mean,
            "Concat": self._concatenate,
            "Softmax": self._softmax,
            "ReverseSequence": self._mirror,
        }

    def read(self, graph: Any) -> tuple[Any, bool]:
        """Return the network, and whether it averages with the mirror image."""
        for node in graph.get_ordered_ops():
            kind = node.get_type_name()
            if kind == "Result" or kind in SHAPES_OF_MIRRORING or node.get_friendly_name() in self.values:
                continue
            if kind not in self.handlers:
                raise self._unknown(node)
            self.values[node.get_friendly_name()] = self.handlers[kind](node, self._inputs(node))
        outputs = {
            port.get_any_name(): self.values[port.get_node().input_value(0).get_node().get_friendly_name()].tensor
            for port in graph.outputs
        }
        return keras.Model(self.image, outputs, name="age_net"), self.mirrors

    def _inputs(self, node: Any) -> list[Value]:
        names = [entry.get_node().get_friendly_name() for entry in node.input_values()]
        return [self.values[name] for name in names if name in self.values]

    def _unknown(self, node: Any) -> WeightsError:
        kind = node.get_type_name()
        return WeightsError(
            f"{self.path} has the operation {kind} ({node.get_friendly_name()}) in a form that cannot be converted to "
            "Keras. Export in the project that trained the model, without --model."
        )

    def _parameter(self, node: Any, _: list[Value]) -> Value:
        shape = node.get_output_partial_shape(0)
        self.image = keras.Input(tuple(shape[axis].get_length() for axis in (1, 2, 3)), dtype="uint8", name=INPUT)
        return Value(self.image)

    def _convert(self, _: Any, inputs: list[Value]) -> Value:
        (value,) = inputs
        if value.is_constant:
            return Value(value.tensor.astype(np.float32))
        return Value(ops.cast(value.tensor, "float32"), value.moved)

    def _transpose(self, node: Any, inputs: list[Value]) -> Value:
        value, order = inputs
        if order.tensor.tolist() == (TO_CHANNELS_LAST if value.moved else TO_CHANNELS_FIRST):
            return Value(value.tensor, not value.moved)
        raise self._unknown(node)

    def _convolution(self, node: Any, inputs: list[Value]) -> Value:
        value, kernel = inputs[0], inputs[1].tensor.transpose(2, 3, 1, 0)
        options = {"filters": kernel.shape[3], **self._window(node, kernel.shape[:2], size="kernel_size")}
        return self._weighted(layers.Conv2D, options, node, kernel, value)

    def _depthwise(self, node: Any, inputs: list[Value]) -> Value:
        value, kernel = inputs[0], inputs[1].tensor
        if kernel.shape[1:3] != (1, 1):
            raise self._unknown(node)
        kernel = kernel[:, 0, 0].transpose(1, 2, 0)[..., None]
        options = self._window(node, kernel.shape[:2], size="kernel_size")
        return self._weighted(layers.DepthwiseConv2D, options, node, kernel, value)

    def _dense(self, node: Any, inputs: list[Value]) -> Value:
        value, kernel = inputs
        if not kernel.is_constant or value.is_constant or node.get_attributes()["transpose_a"]:
            raise self._unknown(node)
        weights = kernel.tensor.T if node.get_attributes()["transpose_b"] else kernel.tensor
        return self._weighted(layers.Dense, {"units": weights.shape[1]}, node, weights, value)

    def _weighted(self, kind: Any, options: dict[str, Any], node: Any, kernel: Array, value: Value) -> Value:
        """Return the output of a layer with weights, including the bias that the next operation adds."""
        bias, following = self._bias_after(node)
        key = hashlib.sha256(kernel.tobytes() + b"|" + bias.tobytes()).hexdigest() + repr((kind, options, kernel.shape))
        if key not in self.layers:
            layer = kind(**options)
            layer.build(value.tensor.shape)
            layer.set_weights([kernel, bias])
            self.layers[key] = layer
        found = Value(self.layers[key](value.tensor), value.moved)
        if following is not None:
            self.values[following] = found
        return found

    def _bias_after(self, node: Any) -> tuple[Array, str | None]:
        """Return the bias of a layer, zeros if there is none, and the name of the addition that it comes from."""
        kernel = node.input_value(1).get_shape()
        channels = node.output(0).get_partial_shape()[1].get_length()
        users = list(node.output(0).get_target_inputs())
        following = users[0].get_node() if len(users) == 1 else None
        if following is not None and following.get_type_name() == "Add":
            other = self.values.get(following.input_value(1).get_node().get_friendly_name())
            if other is not None and other.is_constant and other.tensor.size == channels and len(kernel) >= 2:
                return other.tensor.ravel(), following.get_friendly_name()
        return np.zeros(channels, np.float32), None

    def _elementwise(self, function: Callable[[Any, Any], Any], node: Any, inputs: list[Value]) -> Value:
        moved = any(value.moved for value in inputs)
        if any(not value.is_constant and value.moved != moved for value in inputs):
            raise self._unknown(node)
        first, second = (
            _moved_constant(value.tensor) if value.is_constant and moved else value.tensor for value in inputs
        )
        return Value(function(first, second), moved)

    def _map(self, function: Callable[[Any], Any], inputs: list[Value]) -> Value:
        return Value(function(inputs[0].tensor), inputs[0].moved)

    def _clamp(self, node: Any, inputs: list[Value]) -> Value:
        low, high = (float(node.get_attributes()[end]) for end in ("min", "max"))
        return self._map(layers.ReLU(max_value=high) if low == 0 else lambda x: ops.clip(x, low, high), inputs)

    def _pool(self, kind: Any, node: Any, inputs: list[Value]) -> Value:
        return self._map(kind(**self._window(node, node.get_attributes()["kernel"], size="pool_size")), inputs)

    def _window(self, node: Any, sides: Any, *, size: str) -> dict[str, Any]:
        """Return the options of a layer that moves a window over a map."""
        found = node.get_attributes()
        padded = any(found["pads_begin"]) or any(found["pads_end"])
        same = found["auto_pad"] == "same_upper"
        if (padded and not same) or any(step != 1 for step in found.get("dilations", ())):
            raise self._unknown(node)
        return {size: tuple(sides), "strides": tuple(found["strides"]), "padding": "same" if same else "valid"}

    def _pad(self, node: Any, inputs: list[Value]) -> Value:
        value, begin, end, *fill = inputs
        if node.get_attributes()["pad_mode"] != "constant" or any(constant.tensor.any() for constant in fill):
            raise self._unknown(node)
        widths = np.stack([begin.tensor, end.tensor], axis=1)
        if value.moved:
            widths = widths[TO_CHANNELS_LAST]
        return Value(ops.pad(value.tensor, [tuple(map(int, pair)) for pair in widths]), value.moved)

    def _mean(self, node: Any, inputs: list[Value]) -> Value:
        value, axes = inputs
        keep = node.get_attributes()["keep_dims"]
        if value.moved and sorted(np.ravel(axes.tensor).tolist()) == [2, 3]:
            return Value(layers.GlobalAveragePooling2D(keepdims=keep)(value.tensor), moved=keep)
        raise self._unknown(node)

    def _concatenate(self, node: Any, inputs: list[Value]) -> Value:
        axis, moved = int(node.get_attributes()["axis"]), inputs[0].moved
        if any(value.moved != moved for value in inputs):
            raise self._unknown(node)
        return Value(layers.Concatenate(axis=LAST_AXES[axis] if moved else axis)([v.tensor for v in inputs]), moved)

    def _softmax(self, node: Any, inputs: list[Value]) -> Value:
        if int(node.get_attributes()["axis"]) not in {-1, 1} or inputs[0].moved:
            raise self._unknown(node)
        return self._map(layers.Softmax(), inputs)

    def _mirror(self, node: Any, inputs: list[Value]) -> Value:
        axis = int(node.get_attributes()["seq_axis"])
        if axis != 3 or not inputs[0].moved:
            raise self._unknown(node)
        self.mirrors = True
        return Value(ops.flip(inputs[0].tensor, axis=LAST_AXES[axis]), moved=True)


def _moved_constant(array: Array) -> Array:
    """Return a constant that is combined with a map, with its channels last."""
    full = array.reshape((1,) * (4 - array.ndim) + array.shape)
    return full.transpose(TO_CHANNELS_LAST)
