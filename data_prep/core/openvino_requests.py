"""Inference with OpenVINO: precision, and several asynchronous requests at a time."""

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from agelens.data_prep.core.errors import ParamsError

Precision = Literal["float32", "bfloat16"]

FeatureSplit = Literal["train", "val"]
"""The splits whose features are computed; the precision of each can be configured."""

HINTS: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16"}
"""OpenVINO's names of the precisions. Processors without bfloat16 compute in float32."""


def compile_options(precision: Precision, *, many: bool) -> dict[str, str]:
    """Return OpenVINO's settings for the throughput of `many` requests, or else for the latency of one."""
    return {
        "PERFORMANCE_HINT": "THROUGHPUT" if many else "LATENCY",
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        # OpenVINO pins the threads of every network to the same cores, on which they then wait for each other.
        "ENABLE_CPU_PINNING": "NO",
    }


def has_bfloat16() -> bool:
    """Return whether this processor computes in bfloat16; others compute in float32 instead."""
    import openvino as ov  # noqa: PLC0415  `agelens --help` should not import it

    capabilities: list[str] = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities


def check_device(name: str) -> str:
    """Return OpenVINO's name of a device of this machine, such as `CPU` or `GPU.0`, from a name in any case.

    Raises:
        ParamsError: There is no such device.
    """
    if name.upper() == "CPU":  # every installation has it, and a search loads the libraries of all other devices
        return "CPU"
    import openvino as ov  # noqa: PLC0415  `agelens --help` should not import it

    found: list[str] = ov.Core().available_devices
    if name.upper() not in {*found, *(device.partition(".")[0] for device in found)}:
        msg = f"The device must be one that OpenVINO finds on this machine: {', '.join(found)}. Received: {name}."
        raise ParamsError(msg)
    return name.upper()


def make_requests(network: Any) -> list[Any]:
    """Return as many requests to a compiled network as OpenVINO recommends.

    Not OpenVINO's AsyncInferQueue: its callbacks need the interpreter's lock, and two queues in two threads deadlock.
    """
    count: int = network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    return [network.create_infer_request() for _ in range(count)]


_FIRST_REQUEST = threading.Lock()
"""Held for the first request to each network: those of two threads can deadlock, also of two networks."""


class RequestPool:
    """Lends the requests to a compiled network to one user at a time, so that threads can share the network.

    There are as many sets of requests as users at the same time, and they are used again: a request holds memory, and
    creating one takes longer than a small inference.

    Args:
        network: The compiled network.
        first_input: An array, or a list of one per input, computed once at the start. A network's first request takes a
            lock of OpenVINO. Two threads that start one at once deadlock: one holds the interpreter's lock and waits
            for OpenVINO's, the other the reverse.
    """

    def __init__(self, network: Any, first_input: Any) -> None:
        self.network, self._lock = network, threading.Lock()
        requests = make_requests(network)
        with _FIRST_REQUEST:
            requests[0].infer(first_input)
        self._free = [requests]

    @contextmanager
    def borrow(self) -> Iterator[list[Any]]:
        """Lend as many requests as OpenVINO recommends."""
        with self._lock:
            requests = self._free.pop() if self._free else make_requests(self.network)
        try:
            yield requests
        finally:
            self._free.append(requests)


def infer_ahead(requests: list[Any], inputs: Iterable[Any]) -> Generator[Any, None, None]:
    """Yield a finished request for each input, in order, while the requests for the next inputs run.

    Read the outputs of a request before you take the next one, which may overwrite them. Close the generator if you do
    not exhaust it, so that no request is still running when it is used again.
    """
    free, running = deque(requests), deque[Any]()
    try:
        for value in inputs:
            if not free:
                yield _wait_for(running[0])
                free.append(running.popleft())
            free[0].start_async({0: value})
            running.append(free.popleft())
        while running:
            yield _wait_for(running[0])
            running.popleft()
    finally:
        for request in running:
            with suppress(RuntimeError):  # the error that ended the loop is raised already
                request.wait()


def _wait_for(request: Any) -> Any:
    request.wait()
    return request
