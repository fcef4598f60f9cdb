"""OpenVINO, the runtime of exported models: converts Keras networks and runs them on batches of uint8 images.

bfloat16 is up to three times as fast as float32 on processors that support it. It changes features by 4 to 8 %
(relative L2), which is accurate enough for training; see `cache_features.precision`. Exported models are computed in
the precision that their card names; the export compares their outputs with Keras.
"""

import errno
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.openvino_requests import Precision, RequestPool, compile_options, infer_ahead
from agelens.data_prep.core.ordered_threads import run_in_background
from agelens.models.serving.mirroring import replace_reversals

FULL_BYTES = 1 << 16
"""A disk with less free space than this beside the weights is too full for a network."""

NetworkOutputs = dict[str, npt.NDArray[np.float32]]
"""Arrays by output name; the first axis is the batch."""


def convert_network(network: Any) -> Any:
    """Return a Keras network as an OpenVINO graph with the same input and output names."""
    import warnings  # noqa: PLC0415

    import openvino as ov  # noqa: PLC0415  imported late: `agelens predict` starts faster without it

    with warnings.catch_warnings():
        # The converter passes a tuple where Keras expects a dictionary; the result is the same.
        warnings.filterwarnings("ignore", message="The structure of `inputs`")
        _repair_converter()
        return ov.convert_model(network)


def _repair_converter() -> None:
    """Tell OpenVINO the version of TensorFlow where it fails to find it.

    OpenVINO 2026.4 runs `exec("import tensorflow")` and `exec("del tensorflow")` in a function. In Python 3.13 the
    second no longer sees the name that the first one made (PEP 667).
    """
    from openvino.frontend.tensorflow import utils  # noqa: PLC0415

    try:
        utils.get_environment_setup("tf")
    except NameError:
        tensorflow = sys.modules["tensorflow"]
        utils.get_environment_setup = lambda _: {"tensorflow": tensorflow.__version__}


def write_network(path: Path, graph: Any) -> None:
    """Write an OpenVINO graph as `.xml` and `.bin`; weights are stored in half precision, computed in float32.

    Raises:
        OSError: The disk is full; OpenVINO's own error names neither the file nor the reason.
    """
    import openvino as ov  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        ov.save_model(graph, path, compress_to_fp16=True)
    except RuntimeError as error:
        if shutil.disk_usage(path.parent).free > FULL_BYTES + _weight_bytes(graph):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def _weight_bytes(graph: Any) -> int:
    """Return the bytes of a graph's constants in half precision."""
    constants = (op for op in graph.get_ordered_ops() if op.get_type_name() == "Constant")
    return int(sum(op.get_byte_size() for op in constants)) // 2


class OpenVinoNetwork:
    """A compiled network, from batches of images to arrays by output name; thread-safe.

    Args:
        graph: An OpenVINO graph, or the path of its `.xml`.
        precision: Of the computation.
        many: Optimise `run` for throughput: compute several batches at a time, each of which then takes longer.
        device: OpenVINO's name of the device that computes.
        wait: Until the network is compiled. Otherwise a thread compiles it, and its first use waits.

    Raises:
        WeightsError: The file is missing or damaged.
    """

    def __init__(
        self,
        graph: Any,
        *,
        precision: Precision = "float32",
        many: bool = False,
        device: str = "CPU",
        wait: bool = True,
    ) -> None:
        read = _read_graph(graph) if isinstance(graph, Path) else graph
        options = compile_options(precision, many=many)
        self._pool = run_in_background(partial(_start_network, read, device, options))
        if wait:
            self._pool()

    @property
    def input_size(self) -> int:
        """Side of the input images, which are square."""
        return int(self._pool().network.input(0).partial_shape[1].get_length())

    def __call__(self, images: Pixels) -> NetworkOutputs:
        """Return the outputs by name for `uint8 (B, S, S, 3)` RGB."""
        return next(self.run([images]))

    def run(self, batches: Iterable[Pixels]) -> Iterator[NetworkOutputs]:
        """Yield the outputs of each batch, in order; the next batch is prepared while one is computed."""
        pool = self._pool()
        ports = pool.network.outputs
        with pool.borrow() as free, closing(infer_ahead(free, batches)) as requests:
            for request in requests:
                yield {port.get_any_name(): np.array(request.get_tensor(port).data) for port in ports}


def _read_graph(path: Path) -> Any:
    """Read an `.xml` with its `.bin`, or raise `WeightsError`."""
    import openvino as ov  # noqa: PLC0415

    if not path.is_file():
        msg = f"There is no exported network at {path}. Run `dvc repro export`."
        raise WeightsError(msg)
    try:
        graph = ov.Core().read_model(path)
    except RuntimeError as error:
        raise _unreadable(path, error) from error
    replace_reversals(graph)
    return graph


def _start_network(graph: Any, device: str, options: dict[str, str]) -> RequestPool:
    """Compile a network and return its requests."""
    import openvino as ov  # noqa: PLC0415

    try:
        compiled = ov.Core().compile_model(graph, device, options)
    except RuntimeError as error:
        raise _unreadable(graph.get_friendly_name(), error) from error
    entry = compiled.input(0)
    shape = [1 if side.is_dynamic else side.get_length() for side in entry.partial_shape]
    return RequestPool(compiled, np.zeros(shape, dtype=entry.element_type.to_dtype()))


def _unreadable(what: object, error: RuntimeError) -> WeightsError:
    return WeightsError(f"{what} cannot be read as an OpenVINO network: {str(error).strip().splitlines()[-1]}")
