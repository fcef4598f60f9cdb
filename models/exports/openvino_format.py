"""OpenVINO's `.xml` and `.bin`."""

from pathlib import Path
from typing import Any

from agelens.data_prep.core.images import Pixels
from agelens.models.exports.tensorflow_formats import Outputs
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network, write_network


def write_openvino(network: Any, path: Path) -> None:
    """Write a network as an OpenVINO graph, with weights in half precision."""
    write_network(path, convert_network(network))


class OpenVinoFile:
    """An OpenVINO graph, computed in float32: bfloat16, the default of processors that have it, changes ages more."""

    def __init__(self, path: Path) -> None:
        self._network = OpenVinoNetwork(path, precision="float32")

    def __call__(self, views: Pixels) -> Outputs:
        """Return the outputs for views `uint8 (B, S, S, 3)` RGB."""
        return self._network(views)
