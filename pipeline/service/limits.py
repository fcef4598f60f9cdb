"""What protects the service: limits of the body's size, of a client's requests, and of the work at one time."""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
from fastapi import HTTPException, Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Result = TypeVar("Result")

RETRY_SECONDS = 2
"""After which a client may try again when the service is busy."""


class BodyLimit:
    """Refuses larger request bodies, as soon as they announce or reach their size, so that they are never held.

    Args:
        app: The application behind it.
        max_bytes: Of a body.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count the bytes that it sends."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise self._too_large()
            return message

        await self.app(scope, counted if scope["type"] == "http" else receive, send)

    def check_announced(self, request: Request) -> None:
        """Raise an error with status 413 if a request announces a larger body."""
        announced = request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self.max_bytes:
            raise self._too_large()

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"too_large: a request may have at most {self.max_bytes:,} bytes")


class PrivateAnswers:
    """Adds headers to every answer: no cache keeps it, no browser guesses its type, and no page asks another host.

    Args:
        app: The application behind it.
    """

    HEADERS = (
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (
            b"content-security-policy",
            b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    )

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Gate:
    """Lets requests in that send the token and keep to the rate.

    Args:
        token: That requests must send; empty: none.
        rate: Requests of one client address, such as `120/minute`; empty: no limit.
    """

    def __init__(self, *, token: str, rate: str) -> None:
        self._token = token
        self._rate = parse(rate) if rate else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, request: Request) -> None:
        """Raise an error with status 401 or 429."""
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if self._token and not (
            scheme.lower() == "bearer" and secrets.compare_digest(sent.encode(), self._token.encode())
        ):
            detail = "the header `Authorization: Bearer TOKEN` is missing or wrong"
            raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
        client = request.client.host if request.client else "unknown"
        if self._rate and not self._limiter.hit(self._rate, client):
            detail = f"a client may send {self._rate}"
            raise HTTPException(429, detail, headers={"Retry-After": str(self._rate.get_expiry())})


class Workplace:
    """Runs blocking work in a few threads, and turns requests away while too many are present.

    A request is present from the first byte of its body on, so that the bodies in memory are limited too.

    Args:
        concurrency: Requests whose work runs at the same time.
        queue: Requests that send their body or wait.
        body_seconds: In which a body must arrive, so that slow requests keep no place.
    """

    def __init__(self, *, concurrency: int, queue: int, body_seconds: float) -> None:
        self._limiter = anyio.CapacityLimiter(concurrency)
        self._most = concurrency + queue
        self._body_seconds = body_seconds
        self._present = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for a request; an error with status 503 if all are taken."""
        if self._present >= self._most:
            raise HTTPException(503, "busy: too many requests wait", headers={"Retry-After": str(RETRY_SECONDS)})
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1

    async def receive(self, reading: Awaitable[Result]) -> Result:
        """Return what is read from a body; an error with status 408 if it takes too long, 400 if the client leaves."""
        try:
            with anyio.fail_after(self._body_seconds):
                return await reading
        except TimeoutError as error:
            detail = f"the request must arrive within {self._body_seconds:g} seconds"
            raise HTTPException(408, detail, headers={"Connection": "close"}) from error
        except ClientDisconnect as error:  # nobody reads the answer, and it is no fault of the service
            raise HTTPException(400, "the request ended before its body was complete") from error

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return the result of a function that blocks."""
        found: Any = await anyio.to_thread.run_sync(work, limiter=self._limiter)
        return found  # type: ignore[no-any-return]
