"""LiteRT (TensorFlow Lite), with weights in float16 or with an int8 network, for one view at a time.

An int8 file computes convolutions in int8, which are nearly all of the time and of the size. All else stays in float:
LiteRT has one scale for all weights of a dense layer, and an int8 softmax has steps of 1/256. With the bundled model,
dense layers in int8 change ages by 2 years on average, convolutions by 0.1.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from agelens.data_prep.core.images import Pixels
from agelens.models.exports.calibrated_network import INPUT
from agelens.models.exports.tensorflow_formats import Outputs

SIGNATURE = "serve"

CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D"}


def write_litert(network: Any, path: Path) -> None:
    """Write a network for LiteRT, with weights in float16; processors compute it in float32."""
    import tensorflow as tf  # noqa: PLC0415

    with _converter(network) as make_converter:
        converter = make_converter()
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        path.write_bytes(converter.convert())


def write_litert_int8(network: Any, path: Path, views: Pixels) -> None:
    """Write a network for LiteRT with convolutions in int8.

    Args:
        network: A calibrated network.
        path: The file.
        views: `uint8 (N, S, S, 3)`, on which the ranges of all activations are measured; no faces of a test.
    """
    import tensorflow as tf  # noqa: PLC0415

    def examples() -> Iterator[dict[str, Pixels]]:
        for view in views:
            yield {INPUT: view[None]}

    with _converter(network) as make_converter:
        names = operations_to_keep_in_float(make_converter().convert())
        converter = make_converter()
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples
        options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=names)
        # The debugger is TensorFlow's public interface to leave operations unquantised.
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=examples, debug_options=options
        )
        path.write_bytes(debugger.get_nondebug_quantized_model())


def operations_to_keep_in_float(model: bytes) -> list[str]:
    """Return the names, which are those of their outputs, of all operations of a LiteRT model except convolutions."""
    from tensorflow.lite.tools import flatbuffer_utils  # noqa: PLC0415

    content = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    (graph,) = content.subgraphs
    return [
        graph.tensors[operation.outputs[0]].name.decode()
        for operation in graph.operators
        if flatbuffer_utils.opcode_to_name(content, operation.opcodeIndex) not in CONVOLUTIONS
    ]


class LiteRtFile:
    """A LiteRT file in TensorFlow's interpreter."""

    def __init__(self, path: Path) -> None:
        import tensorflow as tf  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="(?s).*tf.lite.Interpreter is deprecated")
            interpreter = tf.lite.Interpreter(model_path=str(path), num_threads=os.cpu_count())
        self._run = interpreter.get_signature_runner(SIGNATURE)

    def __call__(self, views: Pixels) -> Outputs:
        """Return the outputs for one view `uint8 (1, S, S, 3)` RGB."""
        found = self._run(**{INPUT: views})
        return {name: np.array(output) for name, output in found.items()}


@contextmanager
def _converter(network: Any) -> Iterator[Callable[[], Any]]:
    """Yield a function that returns a new converter of the network for one view."""
    import tensorflow as tf  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="agelens-") as folder:
        archive = keras.export.ExportArchive()
        archive.track(network)
        view = tf.TensorSpec((1, *network.input_shape[1:]), tf.uint8, name=INPUT)
        archive.add_endpoint(SIGNATURE, lambda image: network(image, training=False), input_signature=[view])
        archive.write_out(folder, verbose=False)
        yield lambda: tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
