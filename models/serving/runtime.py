"""OpenVINO, the runtime of exported models: converts Keras networks and runs them on batches of uint8 images.

bfloat16 is up to three times as fast as float32 on processors that support it. It changes features by 4 to 8 %
(relative L2), which is accurate enough for training; see `cache_features.precision`. Exported models are computed in
the precision that their card names; the export compares their outputs with Keras.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.openvino_requests import Precision, RequestPool, compile_options, infer_ahead

NetworkOutputs = dict[str, npt.NDArray[np.float32]]
"""Arrays by output name; the first axis is the batch."""


def convert_network(network: Any) -> Any:
    """Return a Keras network as an OpenVINO graph with the same input and output names."""
    import warnings  # noqa: PLC0415

    import openvino as ov  # noqa: PLC0415  imported late: `agelens predict` starts faster without it

    with warnings.catch_warnings():
        # The converter passes a tuple where Keras expects a dictionary; the result is the same.
        warnings.filterwarnings("ignore", message="The structure of `inputs`")
        return ov.convert_model(network)


def write_network(path: Path, graph: Any) -> None:
    """Write an OpenVINO graph as `.xml` and `.bin`; weights are stored in half precision, computed in float32."""
    import openvino as ov  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    ov.save_model(graph, path, compress_to_fp16=True)


class OpenVinoNetwork:
    """A compiled network, from batches of images to arrays by output name; thread-safe.

    Args:
        graph: An OpenVINO graph, or the path of its `.xml`.
        precision: Of the computation.
        many: Optimise `run` for throughput: compute several batches at a time, each of which then takes longer.
        device: OpenVINO's name of the device that computes.

    Raises:
        WeightsError: The file is missing or damaged.
    """

    def __init__(
        self, graph: Any, *, precision: Precision = "float32", many: bool = False, device: str = "CPU"
    ) -> None:
        import openvino as ov  # noqa: PLC0415

        if isinstance(graph, Path) and not graph.is_file():
            msg = f"There is no exported network at {graph}. Run `dvc repro export`."
            raise WeightsError(msg)
        try:
            self._compiled = ov.Core().compile_model(graph, device, compile_options(precision, many=many))
        except RuntimeError as error:
            msg = f"{graph} cannot be read as an OpenVINO network: {str(error).strip().splitlines()[-1]}"
            raise WeightsError(msg) from error
        entry = self._compiled.input(0)
        shape = [1 if side.is_dynamic else side.get_length() for side in entry.partial_shape]
        self._pool = RequestPool(self._compiled, np.zeros(shape, dtype=entry.element_type.to_dtype()))

    @property
    def input_size(self) -> int:
        """Side of the input images, which are square."""
        return int(self._compiled.input(0).partial_shape[1].get_length())

    def __call__(self, images: Pixels) -> NetworkOutputs:
        """Return the outputs by name for `uint8 (B, S, S, 3)` RGB."""
        return next(self.run([images]))

    def run(self, batches: Iterable[Pixels]) -> Iterator[NetworkOutputs]:
        """Yield the outputs of each batch, in order; the next batch is prepared while one is computed."""
        ports = self._compiled.outputs
        with self._pool.borrow() as free, closing(infer_ahead(free, batches)) as requests:
            for request in requests:
                yield {port.get_any_name(): np.array(request.get_tensor(port).data) for port in ports}
