"""What visitors of the web page do: photographs, mistakes, and attempts to read what others uploaded."""

import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httpx
import numpy as np

from benchmarks.load.calls import Call, draw_people, make_bomb
from benchmarks.load.clients import Answer, Visit, send

API = "/gradio_api"
NOTHING: tuple[list[str], None, bool] = ([], None, False)


class Published(NamedTuple):
    """What another visitor would have to know to read a photograph: its path, and the name of the session."""

    path: str
    session: str
    visitor: str


class PageVisits:
    """The visits to one page.

    Args:
        function: Number of the function behind the button, from the page's configuration.
        max_file_bytes: Larger files must be refused.
    """

    def __init__(self, function: int, *, max_file_bytes: int) -> None:
        self._function, self._published = function, list[Published]()
        self._people, self._bomb, self._large = draw_people(), make_bomb(), bytes(max_file_bytes + 1)

    def visit(self) -> Visit:
        """Return a visit of a random kind."""
        kinds: list[Callable[[httpx.AsyncClient], Awaitable[list[Answer]]]] = [
            self.good, self.many, self.empty, self.hostile, self.too_large, self.other_visitor
        ]  # fmt: skip

        async def visit(client: httpx.AsyncClient, rng: np.random.Generator) -> list[Answer]:
            opened = [] if client.cookies else [await send(client, Call("page", 200, "/", {}, "GET"))]
            return opened + await kinds[rng.integers(len(kinds))](client)

        return visit

    async def good(self, client: httpx.AsyncClient) -> list[Answer]:
        """Upload a photograph, estimate its ages, and read it back."""
        uploaded, paths = await self._upload(client, "good", [("people.jpg", self._people)])
        if not paths:
            return [uploaded]
        session = secrets.token_hex(6)
        self._published = [*self._published[-200:], Published(paths[0], session, _cookies(client))]
        shown = await self._estimate(client, "good", (paths, None, False), session, expected="3 faces")
        return [uploaded, shown, await send(client, Call("good", 200, f"{API}/file={paths[0]}", {}, "GET"))]

    async def many(self, client: httpx.AsyncClient) -> list[Answer]:
        """Upload eight photographs, of which one is damaged and one has a name of a folder outside."""
        files = [(f"{number}.jpg", self._people) for number in range(6)]
        files += [("../../b.jpg", self._people), ("c.jpg", self._people[:900])]
        uploaded, paths = await self._upload(client, "many", files)
        if not paths:
            return [uploaded]
        return [uploaded, await self._estimate(client, "many", (paths, None, False), secrets.token_hex(6), "3 faces")]

    async def empty(self, client: httpx.AsyncClient) -> list[Answer]:
        """Estimate without a photograph, and upload nothing."""
        shown = await self._estimate(client, "empty", NOTHING, secrets.token_hex(6), expected="Choose a photograph")
        upload = Call("empty", 400, f"{API}/upload", {"files": {"other": ("a.jpg", b"")}})
        return [shown, await send(client, upload)]

    async def too_large(self, client: httpx.AsyncClient) -> list[Answer]:
        """Upload a file that is too large, and too many files."""
        many = [("files", (f"{number}.jpg", b"x")) for number in range(51)]
        large = {"files": {"files": ("a.jpg", self._large)}}
        calls = [Call("too large", 413, f"{API}/upload", one) for one in (large, {"files": many})]
        return [await send(client, call) for call in calls]

    async def hostile(self, client: httpx.AsyncClient) -> list[Answer]:
        """Upload what is no photograph, and ask for files and functions that are not for visitors."""
        files = [("a.jpg", b"<script>alert(1)</script>"), ("b.png", self._bomb)]
        uploaded, paths = await self._upload(client, "hostile", files)
        answers = [uploaded]
        if paths:
            asked = (paths, None, False)
            answers.append(await self._estimate(client, "hostile", asked, secrets.token_hex(6), "not_an_image"))
        calls = [
            Call("hostile", 404, f"{API}/file=/etc/passwd", {}, "GET"),
            Call("hostile", 404, f"{API}/file=http://127.0.0.1/", {}, "GET"),
            Call("hostile", 404, f"{API}/run/predict", {"json": self._join(NOTHING, "s")}),
            Call("hostile", 404, f"{API}/component_server", {"json": {}}),
            Call("hostile", 400, f"{API}/queue/join", {"content": b"[" * 20_000}),
            Call("hostile", 404, f"{API}/queue/join", {"json": self._join((["/etc/passwd"], None, False), "s")}),
            Call("hostile", 413, f"{API}/queue/join", {"content": bytes(2_000_000)}),
            Call("hostile", 400, f"{API}/upload", {"content": b"--x", "headers": {"content-type": "multipart/x"}}),
        ]
        return answers + [await send(client, call) for call in calls]

    async def other_visitor(self, client: httpx.AsyncClient) -> list[Answer]:
        """Try to read a photograph of another visitor: by its address, in an estimate, and as the camera's image."""
        others = [one for one in self._published if one.visitor != _cookies(client)]
        if not others:
            return []
        path = others[-1].path
        camera = {"path": path, "meta": {"_type": "gradio.FileData"}}
        starts = ("file=", "file/", "file=/proc/1/root")
        joins = [self._join(asked, others[-1].session) for asked in (([path], None, False), ([], camera, False))]
        calls = [
            *(Call("other", 404, f"{API}/{start}{path}", {}, "GET") for start in starts),
            *(Call("other", 404, f"{API}/queue/join", {"json": content}) for content in joins),
        ]
        return [await send(client, call) for call in calls] + [await self._listen(client, others[-1].session)]

    async def _listen(self, client: httpx.AsyncClient, session: str) -> Answer:
        """Ask for the answers of another visitor's session."""
        started = time.perf_counter()
        answer = await client.get(f"{API}/queue/data", params={"session_hash": session})
        seconds = time.perf_counter() - started
        if '"session_not_found":true' in answer.text:  # the stream of events has begun, so its status is 200
            return Answer("other", "no session", seconds)
        return Answer("other", answer.status_code, seconds, f"another's queue/data: {answer.text[:200]}")

    def _join(self, asked: tuple[list[str], Any, bool], session: str) -> dict[str, Any]:
        paths, camera, gender = asked
        files = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
        return {"data": [files or None, camera, gender], "fn_index": self._function, "session_hash": session}

    async def _upload(
        self, client: httpx.AsyncClient, kind: str, files: list[tuple[str, bytes]]
    ) -> tuple[Answer, list[str]]:
        paths: list[str] = []

        async def keep(answer: httpx.Response) -> None:
            if answer.status_code == httpx.codes.OK:
                paths.extend(json.loads(await answer.aread()))

        options = {"files": [("files", file) for file in files]}
        client.event_hooks["response"] = [keep]
        answer = await send(client, Call(kind, 200, f"{API}/upload", options))
        client.event_hooks["response"] = []
        return answer, paths

    async def _estimate(
        self,
        client: httpx.AsyncClient,
        kind: str,
        asked: tuple[list[str], Any, bool],
        session: str,
        expected: str,
    ) -> Answer:
        """Press the button and wait for what the page then shows, which must contain a text."""
        started = time.perf_counter()
        joined = await send(client, Call(kind, 200, f"{API}/queue/join", {"json": self._join(asked, session)}))
        if joined.status != httpx.codes.OK:
            return joined
        try:
            async with client.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
                lines = [line async for line in stream.aiter_lines() if "process_completed" in line]
        except httpx.TransportError as error:
            name = type(error).__name__
            return Answer(kind, name, time.perf_counter() - started, f"{name} of queue/data")
        fault = (
            "" if any(expected in line for line in lines) else f"queue/data without {expected!r}: {str(lines)[:200]}"
        )
        return Answer(kind, stream.status_code, time.perf_counter() - started, fault)


async def find_function(client: httpx.AsyncClient) -> int:
    """Return the number of the function behind the button of the page."""
    config = (await client.get("/config")).json()
    (button,) = [one["id"] for one in config["components"] if one["props"].get("elem_id") == "estimate"]
    return int(next(one["id"] for one in config["dependencies"] if [button, "click"] in one["targets"]))


def _cookies(client: httpx.AsyncClient) -> str:
    return str(dict(client.cookies))
