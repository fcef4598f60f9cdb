"""Uploads: their limits, their names and their end."""

import asyncio
import io
from pathlib import Path

import httpx
import pytest

pytest.importorskip("gradio", reason="the extra app is not installed")

from starlette.requests import Request

from agelens.pipeline.web_page import uploads
from agelens.pipeline.web_page.stored_files import delete_old, safe_name, store_files, stored_bytes, visitor_folder
from agelens.pipeline.web_page.uploads import Uploads


@pytest.fixture
def client(tmp_path):
    """Return a function that makes a client of an application that only takes uploads."""

    def make(**limits):
        store = Uploads(tmp_path, **limits)

        async def app(scope, receive, send):
            answer = await store.answer(Request(scope, receive), folder=visitor_folder(tmp_path, "visitor"))
            await answer(scope, receive, send)

        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page")

    return make


def post(client, **options):
    async def run():
        async with client:
            return await client.post("/upload", **options)

    return asyncio.run(run())


def files(*contents):
    return {"files": [("files", (f"{number}.jpg", content)) for number, content in enumerate(contents)]}


def test_files_are_stored_in_order(client):
    paths = [Path(path) for path in post(client(), **files(b"first", b"second")).json()]
    assert [path.read_bytes() for path in paths] == [b"first", b"second"]
    assert [path.name for path in paths] == ["0.jpg", "1.jpg"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (files(b"x" * 101), 413),
        (files(*[b"x" * 90] * 4), 413),
        (files(*[b"x"] * 51), 413),
        ({"files": {"other": ("a.jpg", b"x")}}, 400),
        ({"data": {"files": "text"}}, 400),
        ({"content": b"x"}, 400),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"--y", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400),
    ],
    ids=["one file", "all files", "count", "another field", "no file", "no form", "no boundary", "another boundary"],
)
def test_an_upload_that_is_refused_leaves_nothing(client, tmp_path, monkeypatch, options, status):
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 100)
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 700 if status == 413 and "files" in options else 10_000)
    if len(options.get("files", [])) == 51:
        monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 100_000)
    answer = post(client(), **options)
    assert (answer.status_code, bool(answer.text)) == (status, True)
    assert list(tmp_path.rglob("*")) == []


def test_no_upload_is_taken_while_too_much_is_stored(client, tmp_path):
    (tmp_path / "photograph").write_bytes(bytes(2000))
    answer = post(client(max_stored=1000), **files(b"x"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert post(client(max_stored=3000), **files(b"x")).status_code == 200


def test_an_upload_that_stops_is_ended(client, monkeypatch):
    monkeypatch.setattr(uploads, "IDLE_SECONDS", 0.01)

    async def slow():
        yield b"--x\r\n"
        await asyncio.Event().wait()

    answer = post(client(), content=slow(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.text) == (408, "The upload stopped for 0.01 seconds.")


def test_only_some_uploads_are_taken_at_the_same_time(client, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 0)
    assert post(client(), **files(b"x")).status_code == 503


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("people.jpg", "people.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a b (1).jpeg", "a b (1).jpeg"),
        ("..", "photograph"),
        (".jpg", "jpg"),
        ("", "photograph"),
        ("a\x1b[31m\n<b>.png", "a__31m__b_.png"),
        ("Zoë 写真.jpg", "Zoë 写真.jpg"),
        ("x" * 300 + ".jpg", "x" * 116 + ".jpg"),
    ],
)
def test_names_are_safe_and_short(sent, stored):
    assert safe_name(sent) == stored


def test_where_one_file_cannot_be_stored_none_is(tmp_path):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        store_files(tmp_path, [("a.jpg", io.BytesIO(b"x")), ("b.jpg", Broken())])
    assert stored_bytes(tmp_path) == sum(path.lstat().st_size for path in tmp_path.rglob("*"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_old_files_and_empty_folders_are_deleted_and_examples_stay(tmp_path):
    for name in ("example.jpg", "visitors/one/a/photograph.jpg", "tmp123"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    keep = frozenset({tmp_path / "example.jpg"})
    written = (tmp_path / "tmp123").lstat().st_ctime
    assert delete_old(tmp_path, seconds=300, keep=keep, now=written + 200) == 0
    assert delete_old(tmp_path, seconds=300, keep=keep, now=written + 400) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) in (["example.jpg"], ["example.jpg", "visitors"])
