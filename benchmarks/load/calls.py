"""The requests that clients of the service send: usable ones, and such that must be refused."""

import zlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import numpy as np

from agelens.data_prep.core.images import encode_jpeg
from agelens.data_prep.synthetic.photo import draw_landscape, make_detector_examples

JPEG = {"content-type": "image/jpeg"}
BUSY = frozenset({429, 503})
"""Refusals that any request may receive; they must say when to try again."""


class Call(NamedTuple):
    """One request.

    Args:
        kind: good, empty, hostile, too large or many.
        status: That it must be answered with, unless the service is busy.
        path: Of the request.
        options: Of `httpx.AsyncClient.request`; a `content` that is a function is called for each request.
        method: Of HTTP.
    """

    kind: str
    status: int
    path: str
    options: dict[str, Any]
    method: str = "POST"


def draw_people() -> bytes:
    """Return a JPEG of three drawn people."""
    images = [image for image, boxes in make_detector_examples(17, seed=1) if len(boxes) == 3]
    return encode_jpeg(images[-1])


def make_bomb(side: int = 30_000) -> bytes:
    """Return a small PNG of `side` x `side` black pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return len(content).to_bytes(4, "big") + kind + content + check.to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes((side // 8 + 2) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def service_calls(*, max_bytes: int, max_images: int) -> list[Call]:
    """Return requests of each kind, for a service with these limits."""
    people, landscape = draw_people(), encode_jpeg(draw_landscape(rng=np.random.default_rng(1)))
    return [*_usable(people, landscape), *_hostile(people), *_too_much(landscape, max_bytes, max_images)]


def _usable(people: bytes, landscape: bytes) -> list[Call]:
    named = {"a.jpg": people, "../../b.jpg": landscape, "<script>.jpg": b"no image", "c.jpg": people, "d.jpg": people}
    every = {"largest": "true", "gender": "true", "distribution": "true"}
    return [
        Call("good", 200, "/predict", {"content": people, "headers": JPEG}),
        Call("good", 200, "/predict", {"content": landscape, "headers": JPEG}),
        Call("good", 200, "/predict", {"files": {"image": ("a.jpg", people)}, "params": every}),
        Call("good", 200, "/health", {}, "GET"),
        Call("many", 200, "/predict/batch", {"files": [("images", pair) for pair in named.items()]}),
    ]


def _hostile(people: bytes) -> list[Call]:
    form = "multipart/form-data; boundary=x"
    fields = (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' for _ in range(200)) + b"--x--\r\n"
    )
    return [
        Call("empty", 422, "/predict", {"content": b"", "headers": JPEG}),
        Call("empty", 422, "/predict/batch", {"files": {"other": ("a.jpg", people)}}),
        Call("hostile", 400, "/predict", {"content": people[: len(people) // 2], "headers": JPEG}),
        Call("hostile", 415, "/predict", {"content": b"<script>alert(1)</script>", "headers": JPEG}),
        Call("hostile", 415, "/predict", {"content": people, "headers": {"content-type": "application/json"}}),
        Call("hostile", 400, "/predict", {"content": fields, "headers": {"content-type": form}}),
        Call("hostile", 400, "/predict", {"content": b"--y", "headers": {"content-type": form[:-11]}}),
        Call("hostile", 413, "/predict", {"content": make_bomb(), "headers": {"content-type": "image/png"}}),
        Call("hostile", 422, "/predict", {"content": people, "headers": JPEG, "params": {"largest": "x" * 2000}}),
        Call("hostile", 404, "/..%2f..%2fetc/passwd", {}, "GET"),
        Call("hostile", 405, "/predict", {}, "GET"),
    ]


def _too_much(landscape: bytes, max_bytes: int, max_images: int) -> list[Call]:
    block = bytes(65_536)

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(max_bytes // len(block) + 2):
            yield block

    files = [("images", (f"{number}.jpg", landscape)) for number in range(max_images + 1)]
    return [
        Call("too large", 413, "/predict", {"content": bytes(max_bytes + 1), "headers": JPEG}),
        Call("too large", 413, "/predict", {"content": unannounced, "headers": JPEG}),
        Call("too large", 413, "/predict/batch", {"files": files}),
    ]
