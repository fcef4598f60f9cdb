"""50 clients at the same time on `agelens serve` and on `agelens app`.

    python -m benchmarks.load.run [--clients 50] [--seconds 60] [--only service rate page] [--record]

Each server is a process of its own on a free port. Clients send usable, empty, hostile, too large and many images in
turn. `service` has no rate limit, so that predictions are the load; `rate` has the default one. A fault is an answer
with another status than the documented one, a refusal without Retry-After, and a failed connection; they, tracebacks
and files that stay after the end give exit status 1.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from agelens.pipeline.service.settings import ServiceSettings
from agelens.pipeline.web_page.uploads import MAX_FILE_BYTES
from benchmarks.evidence import add_record_option, write_result
from benchmarks.load.calls import service_calls
from benchmarks.load.clients import Visit, any_call, run_clients, send, summary
from benchmarks.load.page_visits import PageVisits, find_function
from benchmarks.load.servers import Server, served

TIMEOUT_SECONDS = 120


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS))
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    found: dict[str, Any] = {}
    for name in asked.only:
        found[name] = PARTS[name](asked.clients, asked.seconds)
        print(name, found[name], flush=True)
    content = {"clients": asked.clients, "seconds_each": asked.seconds, **found}
    write_result("load", content, seconds=time.perf_counter() - started, record=asked.record)
    if wrong := [name for name in asked.only if has_faults(found[name])]:
        msg = f"faults, tracebacks or files that stay: {', '.join(wrong)}"
        raise SystemExit(msg)


def has_faults(part: Mapping[str, Any]) -> bool:
    """Return whether a server gave a wrong answer, printed a traceback or left files after its end."""
    return bool(part["faults"] or part["tracebacks"] or part["files_after_stop"])


def measure_service(clients: int, seconds: float, *, rate: str) -> dict[str, Any]:
    """Return what the clients of a service received."""
    limits = ServiceSettings()
    calls = service_calls(max_bytes=limits.max_bytes, max_images=limits.max_images)

    async def warm_up(client: httpx.AsyncClient) -> None:
        for call in calls:
            await send(client, call)

    with tempfile.TemporaryDirectory() as folder:
        with served(["serve", "--rate", rate], ready="/health", folder=Path(folder)) as server:
            found = measure(server, any_call(calls), warm_up, clients=clients, seconds=seconds)
        return {**found, "files_after_stop": server.files()}


def measure_page(clients: int, seconds: float) -> dict[str, Any]:
    """Return what the visitors of the web page received; no path, session or photograph of one is open to another."""
    with tempfile.TemporaryDirectory() as folder:
        with served(["app", "--no-open"], ready="/config", folder=Path(folder)) as server:

            async def prepare() -> PageVisits:
                async with httpx.AsyncClient(base_url=server.url) as client:
                    return PageVisits(await find_function(client), max_file_bytes=MAX_FILE_BYTES)

            visits = asyncio.run(prepare())

            async def warm_up(client: httpx.AsyncClient) -> None:
                for visit in (visits.good, visits.many, visits.hostile, visits.too_large):
                    await visit(client)

            found = measure(server, visits.visit(), warm_up, clients=clients, seconds=seconds)
        return {**found, "files_after_stop": server.files()}


def measure(
    server: Server,
    visit: Visit,
    warm_up: Callable[[httpx.AsyncClient], Any],
    *,
    clients: int,
    seconds: float,
) -> dict[str, Any]:
    """Return the answers of a server, its memory before, at half time and after, and the files that it left."""

    def make_client() -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=server.url, timeout=TIMEOUT_SECONDS)

    async def run() -> dict[str, Any]:
        async with make_client() as client:
            await warm_up(client)
        megabytes = [server.megabytes()]
        answers = []
        for _ in range(2):
            answers += await run_clients(make_client, visit, clients=clients, seconds=seconds / 2)
            megabytes.append(server.megabytes())
        return {**summary(answers), "megabytes": megabytes}

    found = asyncio.run(run())
    Path("reports").mkdir(exist_ok=True)
    Path("reports/load_log.txt").write_bytes(server.log.read_bytes())
    return {**found, "files": server.files(), "tracebacks": server.tracebacks()}


PARTS: dict[str, Callable[[int, float], dict[str, Any]]] = {
    "service": lambda clients, seconds: measure_service(clients, seconds, rate=""),
    "rate": lambda clients, seconds: measure_service(clients, seconds, rate=ServiceSettings().rate),
    "page": measure_page,
}
"""What is measured, by name."""


if __name__ == "__main__":
    main()
