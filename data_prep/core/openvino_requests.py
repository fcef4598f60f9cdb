"""How OpenVINO computes many inputs: in what precision, and some requests ahead of what is read from its answers."""

from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import Any, Literal

Precision = Literal["float32", "bfloat16"]

FeatureSplit = Literal["train", "val"]
"""What is computed to learn from, or to judge by: they may differ in precision."""

HINTS: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16"}
"""OpenVINO's names of them. Where a processor does not know bfloat16, float32 is taken."""


def compile_options(precision: Precision, *, many: bool) -> dict[str, str]:
    """Return the settings to compile a network with, for `many` requests at a time or for one that ends soon."""
    return {"PERFORMANCE_HINT": "THROUGHPUT" if many else "LATENCY", "INFERENCE_PRECISION_HINT": HINTS[precision]}


def make_requests(network: Any) -> list[Any]:
    """Return as many requests to a compiled network as pay at a time.

    Not OpenVINO's AsyncInferQueue: its callbacks need the interpreter, and two queues in two threads wait for ever.
    """
    count: int = network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    return [network.create_infer_request() for _ in range(count)]


def infer_ahead(requests: list[Any], inputs: Iterable[Any]) -> Generator[Any, None, None]:
    """Yield a finished request for each input, in order, while the next ones are computed.

    What a request holds is overwritten once the next one is asked for. Close the generator where the requests are used
    again: whoever stops asking must leave none busy.
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
            with suppress(RuntimeError):  # whatever went wrong is raised already
                request.wait()


def _wait_for(request: Any) -> Any:
    request.wait()
    return request
