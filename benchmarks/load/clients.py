"""Clients that send requests at the same time, and what they were answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

import httpx
import numpy as np

from benchmarks.load.calls import BUSY, Call

PAUSE_SECONDS = 1.0
"""That a client waits at most after it was asked to come back later."""


class Answer(NamedTuple):
    """The answer to one request.

    Args:
        kind: Of the request.
        status: Of HTTP; the name of the error where the connection failed.
        seconds: From the request to the end of its answer.
        fault: Why the answer is wrong; empty if it is right.
    """

    kind: str
    status: int | str
    seconds: float
    fault: str = ""


Visit = Callable[[httpx.AsyncClient, np.random.Generator], Awaitable[list[Answer]]]
"""What a client does again and again."""


async def run_clients(
    make_client: Callable[[], httpx.AsyncClient],
    visit: Visit,
    *,
    clients: int,
    seconds: float,
    visits: int | None = None,
) -> list[Answer]:
    """Return the answers that clients received until the time was over, or all visits were made.

    Args:
        make_client: Makes one client, which keeps its own connections and cookies.
        visit: What each of them does.
        clients: Number of clients at the same time.
        seconds: After which no visit begins.
        visits: Of each client at most.
    """
    end = time.perf_counter() + seconds

    async def run(number: int) -> list[Answer]:
        rng, answers, made = np.random.default_rng(number), [], 0
        async with make_client() as client:
            while time.perf_counter() < end and (visits is None or made < visits):
                answers += await visit(client, rng)
                made += 1
        return answers

    return [answer for answers in await asyncio.gather(*map(run, range(clients))) for answer in answers]


def any_call(calls: Sequence[Call]) -> Visit:
    """Return a visit that makes one of the calls, each kind as often as the others."""
    kinds = sorted({call.kind for call in calls})

    async def visit(client: httpx.AsyncClient, rng: np.random.Generator) -> list[Answer]:
        kind = kinds[rng.integers(len(kinds))]
        of_kind = [call for call in calls if call.kind == kind]
        return [await send(client, of_kind[rng.integers(len(of_kind))])]

    return visit


async def send(client: httpx.AsyncClient, call: Call) -> Answer:
    """Send one request, and wait after a refusal as long as it asks for, but at most `PAUSE_SECONDS`."""
    options = {name: value() if callable(value) else value for name, value in call.options.items()}
    started = time.perf_counter()
    try:
        answer = await client.request(call.method, call.path, **options)
    except httpx.TransportError as error:
        return Answer(
            call.kind, type(error).__name__, time.perf_counter() - started, f"{type(error).__name__}: {error}"
        )
    seconds = time.perf_counter() - started
    if answer.status_code in BUSY:
        await asyncio.sleep(min(PAUSE_SECONDS, float(answer.headers.get("retry-after", 0))))
    return Answer(call.kind, answer.status_code, seconds, fault_of(call, answer))


def fault_of(call: Call, answer: httpx.Response) -> str:
    """Return what is wrong with an answer: another status, or a refusal that does not say when to come back."""
    if answer.status_code in BUSY:
        retry = answer.headers.get("retry-after", "")
        return "" if retry.isdigit() else f"{answer.status_code} without Retry-After"
    return "" if answer.status_code == call.status else f"{answer.status_code} instead of {call.status}: {call.path}"


def summary(answers: Iterable[Answer]) -> dict[str, Any]:
    """Return by kind the counts, and quantiles of the milliseconds until answers of a server that was not busy.

    With them, it returns how often each fault occurred.
    """
    answers = list(answers)
    kinds = {
        kind: _of_kind([answer for answer in answers if answer.kind == kind])
        for kind in sorted({answer.kind for answer in answers})
    }
    faults = Counter(answer.fault for answer in answers if answer.fault)
    return {"answers": len(answers), "kinds": kinds, "faults": dict(faults.most_common())}


def _of_kind(answers: Sequence[Answer]) -> dict[str, Any]:
    statuses = Counter(str(answer.status) for answer in answers)
    seconds = [answer.seconds for answer in answers if answer.status not in BUSY]
    times = np.percentile(seconds, [50, 95, 99]).round(4).tolist() if seconds else [None] * 3
    milliseconds = [None if value is None else round(1000 * value, 1) for value in times]
    names = ("p50_ms", "p95_ms", "p99_ms")
    return {"statuses": dict(sorted(statuses.items())), **dict(zip(names, milliseconds, strict=True))}
