"""A stand-in for W&B's server that keeps saved workspaces: the few GraphQL requests that saving one takes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WandbServer(ThreadingHTTPServer):
    """Answers for a user whose entity is `lab`.

    Its views are what was saved, by name; `refusal` is the message with which it refuses to save, if any.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.views: dict[str, dict[str, Any]] = {}
        self.refusal: str | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the content of an answer."""
        if "upsertView" in query:
            if self.refusal:
                return {"errors": [{"message": self.refusal}], "data": None}
            view = {"id": f"id of {variables['name']}", **variables}
            self.views[variables["name"]] = view
            return {"data": {"upsertView": {"view": {"id": view["id"], "name": view["name"]}, "inserted": True}}}
        if "allViews" in query:
            found = self.views.get(variables["viewName"])
            return {"data": {"project": {"allViews": {"edges": [{"node": found}] if found else []}}}}
        user = {"id": "user", "entity": "lab", "username": "me", "email": "", "flags": "{}", "teams": {"edges": []}}
        return {"data": {"viewer": user}}


@contextmanager
def running_server() -> Iterator[WandbServer]:
    """Run a server in a thread."""
    with WandbServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: WandbServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        content: dict[str, Any] = {}
        if self.path == "/graphql":  # and not what W&B counts about its own client
            asked = json.loads(body)
            content = self.server.answer(asked["query"], asked.get("variables") or {})
        answer = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""
