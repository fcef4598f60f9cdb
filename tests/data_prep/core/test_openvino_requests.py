"""Requests that run ahead: all answers, in order, no request asked while it is busy, none left busy."""

import pytest

from agelens.data_prep.core.openvino_requests import compile_options, infer_ahead


class FakeRequest:
    """A request that squares numbers, fails at those above 10, and notes when it is asked out of turn."""

    def __init__(self):
        self.busy, self.answer = False, 0

    def start_async(self, inputs):
        assert not self.busy, "asked while busy"
        self.busy, self.answer = True, inputs[0] ** 2

    def wait(self):
        self.busy = False
        if self.answer > 100:
            msg = "too large"
            raise RuntimeError(msg)


@pytest.fixture(params=[1, 2, 5])
def requests(request):
    return [FakeRequest() for _ in range(request.param)]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 10])
def test_every_input_is_answered_in_order(requests, count):
    answers = [request.answer for request in infer_ahead(requests, range(count))]
    assert answers == [number**2 for number in range(count)]
    assert not any(request.busy for request in requests)


def test_as_many_inputs_are_taken_ahead_as_there_are_requests(requests):
    taken = []
    answers = infer_ahead(requests, (taken.append(number) or number for number in range(10)))
    next(answers)
    assert len(taken) == len(requests) + 1


def test_whoever_stops_asking_leaves_no_request_busy(requests):
    answers = infer_ahead(requests, range(10))
    next(answers)
    answers.close()
    assert not any(request.busy for request in requests)
    assert [request.answer for request in infer_ahead(requests, [7])] == [49]


def test_an_error_of_the_inputs_is_raised_and_leaves_no_request_busy(requests):
    def inputs():
        yield 1
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  the inputs' own error
        list(infer_ahead(requests, inputs()))
    assert not any(request.busy for request in requests)


def test_a_request_that_fails_leaves_no_other_busy(requests):
    with pytest.raises(RuntimeError, match="too large"):
        list(infer_ahead(requests, [1, 11, 12, 2, 3]))
    assert not any(request.busy for request in requests)


def test_settings_say_the_precision_and_what_is_asked_for():
    assert compile_options("bfloat16", many=True) == {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": "bf16",
    }
    assert compile_options("float32", many=False) == {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
