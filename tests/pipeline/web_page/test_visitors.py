"""Visitors of the page: polite answers to all of them, and nothing of one for another."""

import asyncio
import json
import time

import httpx
import pytest

pytest.importorskip("gradio", reason="the extra app is not installed")

from agelens.pipeline.web_page.sessions import forget_session, forget_sessions
from agelens.pipeline.web_page.uploads import MAX_FILE_BYTES
from agelens.pipeline.web_page.visitors import COOKIE, paths_in
from benchmarks.load.calls import draw_people
from benchmarks.load.clients import run_clients, summary
from benchmarks.load.page_visits import API, PageVisits, find_function
from benchmarks.load.servers import served


@pytest.fixture(scope="module")
def people():
    return draw_people()


@pytest.fixture
def visitors(address):
    """Return two clients that have opened the page."""
    with httpx.Client(base_url=address, timeout=60) as one, httpx.Client(base_url=address, timeout=60) as other:
        for client in (one, other):
            assert client.get("/").status_code == 200
        yield one, other


def test_a_policy_keeps_the_page_from_other_hosts(visitors):
    for address in ("/", "/gradio_api/file=/etc/passwd"):
        policy = visitors[0].get(address).headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; ")
        assert "http" not in policy
        assert "*" not in policy


def upload(client, *contents, name="people.jpg"):
    return client.post(f"{API}/upload", files=[("files", (name, content)) for content in contents])


def join(client, address, paths, session):
    async def find():
        async with httpx.AsyncClient(base_url=address) as asking:
            return await find_function(asking)

    files = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
    content = {"data": [files, None, False], "fn_index": asyncio.run(find()), "session_hash": session}
    return client.post(f"{API}/queue/join", json=content)


def test_every_answer_to_many_visitors_is_the_expected_one(address):
    def make_client():
        return httpx.AsyncClient(base_url=address, timeout=60)

    async def run():
        async with make_client() as client:
            visits = PageVisits(await find_function(client), max_file_bytes=MAX_FILE_BYTES)
        first = await run_clients(make_client, lambda client, _: visits.good(client), clients=2, seconds=60, visits=1)
        return first + await run_clients(make_client, visits.visit(), clients=6, seconds=60, visits=4)

    found = summary(asyncio.run(run()))
    assert found["faults"] == {}
    assert found["kinds"]["good"]["statuses"]["200"] >= 6
    assert found["kinds"]["other"]["statuses"]["404"] >= 5


def test_the_cookie_of_a_visitor_is_not_for_scripts_or_other_pages(address):
    cookie = httpx.get(address).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))


def test_a_photograph_is_read_by_its_visitor_only(visitors, address, people):
    one, other = visitors
    (path,) = upload(one, people).json()
    assert one.get(f"{API}/file={path}").content == people
    for start in ("file=", "file/"):
        assert other.get(f"{API}/{start}{path}").status_code == 404
        assert httpx.get(f"{address}{API}/{start}{path}").status_code == 404
    assert join(other, address, [path], "mine").status_code == 404
    assert join(one, address, [path], "mine").status_code == 200


def test_whether_another_visitor_has_a_photograph_cannot_be_asked(visitors, people):
    one, other = visitors
    paths = [upload(client, people).json()[0] for client in (one, one, other)]
    assert len(set(paths)) == 3
    missing = other.get(f"{API}/file={paths[2]}x")
    hidden = other.get(f"{API}/file={paths[0]}")
    assert hidden.status_code == 404
    assert (missing.status_code in {403, 404}, hidden.text) == (True, "There is no such file.")


def test_the_name_of_a_session_is_of_no_use_to_another_visitor(visitors, address, people):
    one, other = visitors
    (path,) = upload(one, people).json()
    assert join(one, address, [path], "known").status_code == 200
    assert "session_not_found" in other.get(f"{API}/queue/data", params={"session_hash": "known"}).text
    shown = one.get(f"{API}/queue/data", params={"session_hash": "known"}).text
    assert "3 faces" in shown


def test_the_drawn_examples_are_for_everyone(visitors, address, page):
    (dataset,) = [component["id"] for component in page.config["components"] if component["type"] == "dataset"]
    (function, *_) = [one["id"] for one in page.config["dependencies"] if one["targets"][0][0] == dataset]
    chosen = {"data": [0], "fn_index": function, "session_hash": "example"}
    for visitor in visitors:
        (example,) = visitor.post(f"{API}/run/predict", json=chosen).json()["data"][0]["value"]
        assert visitor.get(f"{API}/file={example['path']}").content.startswith(b"\xff\xd8")
        assert join(visitor, address, [example["path"]], "example").status_code == 200


def test_figures_are_forgotten_once_they_are_delivered(visitors, address, page, people):
    one, _ = visitors
    forget_sessions(page.app, seconds=-1)
    (path,) = upload(one, people).json()
    for _ in range(2):  # an open page asks again in the same session
        assert join(one, address, [path], "short").status_code == 200
        assert "3 faces" in one.get(f"{API}/queue/data", params={"session_hash": "short"}).text
    deadline = time.monotonic() + 10  # the server forgets them after its answer has been sent
    while page.app.state_holder.session_data and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(page.app.state_holder.session_data) == 0


def test_figures_that_nobody_asks_for_are_forgotten_later(visitors, address, page, people):
    one, _ = visitors
    forget_sessions(page.app, seconds=-1)
    (path,) = upload(one, people).json()
    assert join(one, address, [path], "left").status_code == 200
    assert not forget_session(page.app, next(iter(page.app.get_blocks()._queue.pending_event_ids_session)))
    while not page.app.state_holder.session_data:
        one.get("/")
    assert forget_sessions(page.app, seconds=3600) == 0
    assert forget_sessions(page.app, seconds=-1) == 1
    assert len(page.app.state_holder.session_data) == 0


def test_paths_are_found_at_any_depth():
    content = {"data": [[{"path": "a", "meta": {"path": "b"}}], None, {"path": 3}], "path": "c"}
    assert sorted(paths_in(json.loads(json.dumps(content)))) == ["a", "b", "c"]


def test_nothing_is_left_when_the_command_is_asked_to_end(tmp_path, people):
    with served(["app", "--no-open"], ready="/config", folder=tmp_path) as server:
        with httpx.Client(base_url=server.url) as client:
            client.get("/")
            assert upload(client, people).status_code == 200
        assert server.files() > 0
    assert list(server.folder.iterdir()) == []
    assert server.tracebacks() == 0
