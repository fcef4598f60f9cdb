"""Many clients at the same time, slow clients, and clients that leave: no fault, and no request without a place."""

import asyncio

import httpx
import pytest

from benchmarks.load.calls import Call, service_calls
from benchmarks.load.clients import Answer, any_call, fault_of, run_clients, summary

JPEG = {"content-type": "image/jpeg"}


@pytest.fixture
def made(client_with):
    """Return a client factory of a service with settings, in the same thread."""

    def make(**settings):
        transport = httpx.ASGITransport(client_with(**settings).app, raise_app_exceptions=False)
        return lambda: httpx.AsyncClient(transport=transport, base_url="http://service", timeout=60)

    return make


def test_every_answer_to_many_clients_is_the_documented_one(made):
    calls = service_calls(max_bytes=300_000, max_images=6)
    make_client = made(max_bytes=300_000, max_images=6, queue=4)
    answers = asyncio.run(run_clients(make_client, any_call(calls), clients=12, seconds=60, visits=6))
    found = summary(answers)
    assert found["faults"] == {}
    assert found["answers"] == 72
    statuses = {status for kind in found["kinds"].values() for status in kind["statuses"]}
    assert {"200", "413", "415", "503"} <= statuses


def test_a_body_is_not_read_before_its_request_has_a_place(made, company):
    read = []

    async def body(number, release):
        read.append(number)
        yield company[:100]
        await release.wait()
        yield company[100:]

    async def run():
        release = asyncio.Event()
        async with made(concurrency=1, queue=0)() as client:
            first = asyncio.create_task(client.post("/predict", content=body(1, release), headers=JPEG))
            while read != [1]:
                await asyncio.sleep(0)
            refused = await client.post("/predict", content=body(2, release), headers=JPEG)
            release.set()
            return refused, await first

    refused, first = asyncio.run(run())
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert first.status_code == 200
    assert read == [1]


def test_a_slow_body_loses_its_place(made, company):
    async def slow():
        yield company[:100]
        await asyncio.Event().wait()

    async def run():
        async with made(concurrency=1, queue=0, body_seconds=0.01)() as client:
            return [
                await client.post("/predict", content=slow(), headers=JPEG),
                await client.post("/predict", content=company, headers=JPEG),
            ]

    slow_answer, next_answer = asyncio.run(run())
    assert (slow_answer.status_code, next_answer.status_code) == (408, 200)
    assert slow_answer.json()["detail"] == "the request must arrive within 0.01 seconds"


def test_a_client_that_leaves_gives_its_place_back(client_with, company):
    client, sent = client_with(concurrency=1, queue=0), []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/predict",
        "query_string": b"",
        "headers": [(b"content-type", b"image/jpeg")],
        "client": ("127.0.0.1", 1),
    }
    messages = iter([{"type": "http.request", "body": b"\xff", "more_body": True}, {"type": "http.disconnect"}])

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    asyncio.run(client.app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert client.post("/predict", content=company, headers=JPEG).status_code == 200


@pytest.mark.parametrize(
    ("status", "headers", "fault"),
    [
        (200, {}, ""),
        (503, {"retry-after": "2"}, ""),
        (503, {}, "503 without Retry-After"),
        (500, {}, "500 instead of 200: /predict"),
    ],
)
def test_an_answer_that_is_not_documented_is_a_fault(status, headers, fault):
    call = Call("good", 200, "/predict", {})
    assert fault_of(call, httpx.Response(status, headers=headers)) == fault


def test_the_summary_counts_statuses_and_faults():
    answers = [Answer("good", status, seconds) for status, seconds in ((200, 0.1), (200, 0.3), (503, 9.0))]
    found = summary([*answers, Answer("many", "ReadError", 0.2, "ReadError: gone")])
    assert found["kinds"]["good"].pop("statuses") == {"200": 2, "503": 1}
    assert found["kinds"]["good"] == {"p50_ms": 200.0, "p95_ms": 290.0, "p99_ms": 298.0}
    assert found["faults"] == {"ReadError: gone": 1}
