"""Asynchronous requests: all results in order, and no request is started or left while it runs."""

import pytest

from agelens.data_prep.core.openvino_requests import RequestPool, compile_options, infer_ahead


class FakeRequest:
    """A request that squares numbers, fails above 10, and must not be started while it runs."""

    def __init__(self):
        self.running, self.result = False, 0

    def start_async(self, inputs):
        assert not self.running, "started while it runs"
        self.running, self.result = True, inputs[0] ** 2

    def wait(self):
        self.running = False
        if self.result > 100:
            msg = "too large"
            raise RuntimeError(msg)


@pytest.fixture(params=[1, 2, 5])
def requests(request):
    return [FakeRequest() for _ in range(request.param)]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 10])
def test_results_are_in_the_order_of_the_inputs(requests, count):
    results = [request.result for request in infer_ahead(requests, range(count))]
    assert results == [number**2 for number in range(count)]
    assert not any(request.running for request in requests)


def test_inputs_are_read_ahead_by_the_number_of_requests(requests):
    taken = []
    results = infer_ahead(requests, (taken.append(number) or number for number in range(10)))
    next(results)
    assert len(taken) == len(requests) + 1


def test_closing_the_generator_waits_for_all_requests(requests):
    results = infer_ahead(requests, range(10))
    next(results)
    results.close()
    assert not any(request.running for request in requests)
    assert [request.result for request in infer_ahead(requests, [7])] == [49]


def test_after_an_error_of_the_inputs_no_request_is_running(requests):
    def inputs():
        yield 1
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  the inputs' own error
        list(infer_ahead(requests, inputs()))
    assert not any(request.running for request in requests)


def test_after_a_failed_request_no_other_is_running(requests):
    with pytest.raises(RuntimeError, match="too large"):
        list(infer_ahead(requests, [1, 11, 12, 2, 3]))
    assert not any(request.running for request in requests)


def test_options_contain_the_precision_and_the_performance_hint():
    many, one = compile_options("bfloat16", many=True), compile_options("float32", many=False)
    assert (many["PERFORMANCE_HINT"], many["INFERENCE_PRECISION_HINT"]) == ("THROUGHPUT", "bf16")
    assert (one["PERFORMANCE_HINT"], one["INFERENCE_PRECISION_HINT"]) == ("LATENCY", "f32")


class FakeNetwork:
    """A network that recommends two requests and counts those it has made."""

    def __init__(self):
        self.made = 0

    def get_property(self, _):
        return 2

    def create_infer_request(self):
        self.made += 1
        return FakeRequestOfPool()


class FakeRequestOfPool:
    inputs = None

    def infer(self, inputs):
        self.inputs = inputs


def test_a_pool_lends_each_request_to_one_user_and_uses_it_again():
    network = FakeNetwork()
    pool = RequestPool(network, first_input=7)
    for _ in range(3):
        with pool.borrow() as one, pool.borrow() as other:
            assert len({*map(id, one), *map(id, other)}) == 4
    assert network.made == 4


def test_a_pool_computes_one_request_before_it_lends_any():
    pool = RequestPool(FakeNetwork(), first_input=7)
    with pool.borrow() as requests:
        assert [request.inputs for request in requests] == [7, None]


def test_requests_return_to_the_pool_after_an_error():
    network = FakeNetwork()
    pool = RequestPool(network, first_input=7)
    for _ in range(3):
        with pytest.raises(ValueError, match="theirs"), pool.borrow():
            raise ValueError("theirs")
    assert network.made == 2
