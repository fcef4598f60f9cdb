"""ONNX, through tf2onnx. Keras's own export to ONNX leaves constants as required inputs."""

from pathlib import Path
from typing import Any

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels
from agelens.models.exports.calibrated_network import INPUT
from agelens.models.exports.tensorflow_formats import Outputs

OPSET = 17
"""Version of ONNX's operators: that of ONNX 1.12 (2022), which most runtimes read."""


def write_onnx(network: Any, path: Path) -> None:
    """Write a network as ONNX."""
    import tf2onnx  # noqa: PLC0415

    graph, _ = tf2onnx.convert.from_keras(network, opset=OPSET)
    inputs = [entry.name for entry in graph.graph.input]
    if inputs != [INPUT]:
        msg = f"An ONNX file must have the input {INPUT} only. The converter returned one with {', '.join(inputs)}."
        raise DataError(msg)
    path.write_bytes(graph.SerializeToString())


class OnnxFile:
    """An ONNX file in ONNX Runtime."""

    def __init__(self, path: Path) -> None:
        import onnxruntime  # noqa: PLC0415

        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._names = [entry.name for entry in self._session.get_outputs()]

    def __call__(self, views: Pixels) -> Outputs:
        """Return the outputs for views `uint8 (B, S, S, 3)` RGB."""
        return dict(zip(self._names, self._session.run(None, {INPUT: views}), strict=True))
