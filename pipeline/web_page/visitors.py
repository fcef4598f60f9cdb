"""Keeps visitors of the page apart: each browser reads its own photographs and answers, and no other's.

Gradio serves every file of its folder to all visitors who know the path, which is the hash of the content: a visitor
with a photograph could ask whether another one uploaded it. Here a cookie identifies the browser. Uploads of a visitor
are stored in a folder that only the cookie leads to, and the name of a session is valid with its cookie.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agelens.pipeline.web_page.sessions import forget_session
from agelens.pipeline.web_page.stored_files import visitor_folder
from agelens.pipeline.web_page.uploads import RETRY_SECONDS, Uploads

COOKIE = "agelens_visitor"
PREFIX = "/gradio_api/"
OPEN = {"startup-events", "info", "app_id", "theme.css", "login_check", "user", "reset"}
"""Parts of Gradio's interface that concern no file; the page needs no others than these and those below."""

CHECKED = {"queue/join", "run/predict", "cancel"}
"""Parts that receive JSON, in which every file must be one that the visitor may read."""

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'"
)
"""Content security policy: Gradio needs scripts in the page, which may ask and load nothing from another host."""

MAX_JSON_BYTES = 1_000_000


class Visitors:
    """Middleware of the page.

    Args:
        app: Gradio's application.
        folder: Of all files that the page serves.
        public: Files that every visitor may read: the drawn examples.
    """

    def __init__(self, app: ASGIApp, *, folder: Path, public: frozenset[Path]) -> None:
        self._app, self._folder, self._public = app, folder, public
        self._uploads = Uploads(folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        sent = visitor_of(request)
        visitor = sent or secrets.token_urlsafe(32)
        cookie = "" if sent else f"{COOKIE}={visitor}; Path=/; HttpOnly; SameSite=Strict"
        answer: Response | None = None
        if scope["path"].startswith(PREFIX):
            try:
                answer, receive = await self._checked(request, visitor)
            except ClientDisconnect:
                return
        sending = _with_headers(send, cookie)
        try:
            await (answer or self._app)(scope, receive, sending)
        except RuntimeError as error:  # Gradio refuses an unknown session after its answer has begun
            if not isinstance(error.__cause__, HTTPException):
                raise
            await sending({"type": "http.response.body", "body": b"", "more_body": False})
        if scope["path"] == f"{PREFIX}queue/data" and answer is None:
            forget_session(scope["app"], dict(parse_qsl(scope["query_string"].decode())).get("session_hash", ""))

    async def _checked(self, request: Request, visitor: str) -> tuple[Response | None, Receive]:
        """Return the answer to a request if it is not for Gradio, and where Gradio receives its body from."""
        scope = request.scope
        name = scope["path"].removeprefix(PREFIX)
        head, _, rest = name.partition("/")
        answer: Response | None = None
        receive = request.receive
        if name == "upload":
            answer = await self._uploads.answer(request, folder=visitor_folder(self._folder, visitor))
        elif name.startswith(("file=", "file/")):
            answer = None if self._may_read(name[5:], visitor) else _refused()
        elif name in CHECKED:
            answer, receive = await self._check_json(request, visitor)
        elif name == "queue/data":
            scope["query_string"] = urlencode(
                [(key, _own(value, visitor)) for key, value in parse_qsl(scope["query_string"].decode("latin-1"))]
            ).encode()
        elif head == "heartbeat":
            scope["path"] = f"{PREFIX}heartbeat/{_own(rest, visitor)}"
            scope["raw_path"] = scope["path"].encode()
        elif name not in OPEN:
            answer = _refused()
        return answer, receive

    def _may_read(self, name: str, visitor: str) -> bool:
        path, own = Path(name), visitor_folder(self._folder, visitor)
        return path in self._public or (own in path.parents and ".." not in path.parts)

    async def _check_json(self, request: Request, visitor: str) -> tuple[Response | None, Receive]:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_JSON_BYTES:
                return PlainTextResponse("The request is too large.", status_code=413), request.receive
        try:
            content = json.loads(body)
            files = list(paths_in(content))
        except (ValueError, RecursionError):
            content, files = None, []
        if not isinstance(content, dict):
            return PlainTextResponse("The request must be JSON.", status_code=400), request.receive
        if not all(self._may_read(path, visitor) for path in files):
            return _refused(), request.receive
        if "session_hash" in content:
            content["session_hash"] = _own(str(content["session_hash"]), visitor)
        return None, _receiving(request, json.dumps(content).encode())


def visitor_of(request: Request) -> str:
    """Return the visitor that the cookie of a request names; empty without a valid one."""
    try:
        cookie = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie is not None and re.fullmatch(r"[\w-]{43}", cookie.value, re.ASCII) else ""


def paths_in(content: Any) -> Iterator[str]:
    """Yield the path of each file that a JSON value refers to, at any depth."""
    if isinstance(content, dict):
        if isinstance(path := content.get("path"), str):
            yield path
        content = list(content.values())
    if isinstance(content, list):
        for value in content:
            yield from paths_in(value)


def _own(session: str, visitor: str) -> str:
    """Return the name of a session that belongs to a visitor."""
    return hashlib.sha256(f"{visitor}:{session}".encode()).hexdigest()


def _refused() -> Response:
    """Return the same answer for files that are not there, and for those of other visitors."""
    return PlainTextResponse("There is no such file.", status_code=404)


def _receiving(request: Request, body: bytes) -> Receive:
    """Return a function that gives a changed body, and then what the connection gives."""
    request.scope["headers"] = [
        (name, str(len(body)).encode() if name == b"content-length" else value)
        for name, value in request.scope["headers"]
        if name != b"transfer-encoding"
    ]
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(messages, None) or await request.receive()

    return receive


def _with_headers(send: Send, cookie: str) -> Send:
    """Return a function that sends a policy, a cookie if there is one, and when to try again with each status 503."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", POLICY)
            headers.setdefault("X-Content-Type-Options", "nosniff")
            if cookie:
                headers.append("Set-Cookie", cookie)
            if message["status"] == 503:
                headers.setdefault("Retry-After", str(RETRY_SECONDS))
        await send(message)

    return sending
