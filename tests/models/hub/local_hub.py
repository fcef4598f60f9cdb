"""A local stand-in of the Hugging Face Hub: the requests by which models are published and downloaded."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


@dataclass
class LocalHub:
    """Its repositories, and the paths that were requested.

    Args:
        url: Of the server.
        repositories: Files of each commit by repository; the last commit is the branch main.
        requests: Method and path of each request, in order.
    """

    url: str = ""
    repositories: dict[str, dict[str, Files]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def commit(self, repository: str, files: Files) -> str:
        """Add a commit and return its id."""
        commits = self.repositories.setdefault(repository, {})
        name = hashlib.sha1(f"{repository}{len(commits)}".encode(), usedforsecurity=False).hexdigest()
        commits[name] = {**(list(commits.values())[-1] if commits else {}), **files}
        return name

    def find(self, repository: str, revision: str) -> tuple[str, Files] | None:
        """Return the commit of a revision and its files."""
        commits = self.repositories.get(repository, {})
        name = list(commits)[-1] if revision == "main" and commits else revision
        return (name, commits[name]) if name in commits else None


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    """Run the server until the block ends."""
    hub = LocalHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: LocalHub

    def do_GET(self) -> None:
        self._read()

    def do_HEAD(self) -> None:
        self._read()

    def do_POST(self) -> None:
        path, body = self._path(), self.rfile.read(int(self.headers["Content-Length"]))
        if path == "/api/repos/create":
            name = json.loads(body)
            repository = f"{name['organization']}/{name['name']}"
            self.hub.repositories.setdefault(repository, {})
            self._json({"url": f"{self.hub.url}/{repository}"})
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            names = [file["path"] for file in json.loads(body)["files"]]
            self._json({"files": [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]})
        else:
            repository = path.removeprefix("/api/models/").partition("/commit/")[0]
            lines = [json.loads(line) for line in body.splitlines()]
            files = [line["value"] for line in lines if line["key"] == "file"]
            name = self.hub.commit(repository, {file["path"]: base64.b64decode(file["content"]) for file in files})
            self._json({"commitUrl": f"{self.hub.url}/{repository}/commit/{name}", "commitOid": name})

    def _read(self) -> None:
        path = self._path()
        if path.startswith("/api/models/"):
            repository, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            self._describe(repository, revision or "main")
        else:
            repository, _, rest = path[1:].partition("/resolve/")
            revision, _, name = rest.partition("/")
            self._send_file(repository, revision, name)

    def _describe(self, repository: str, revision: str) -> None:
        if (found := self.hub.find(repository, revision)) is None:
            self._missing("RevisionNotFound" if repository in self.hub.repositories else "RepoNotFound")
            return
        name, files = found
        siblings = [{"rfilename": file, "size": len(content)} for file, content in files.items()]
        self._json({"id": repository, "sha": name, "siblings": siblings, "private": False, "tags": [], "downloads": 0})

    def _send_file(self, repository: str, revision: str, name: str) -> None:
        found = self.hub.find(repository, revision)
        if found is None or name not in found[1]:
            self._missing("EntryNotFound")
            return
        content = found[1][name]
        headers = {"X-Repo-Commit": found[0], "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        self._send(200, content, headers)

    def _missing(self, code: str) -> None:
        self._send(404, b"{}", {"X-Error-Code": code})

    def _json(self, content: Any) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _path(self) -> str:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        return path

    def log_message(self, *_: Any) -> None:
        """Print nothing."""
