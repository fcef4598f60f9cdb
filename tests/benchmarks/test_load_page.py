"""The block of docs/serving.md shows each kind of request, and faults if there are any."""

import pytest

from benchmarks.load import page
from benchmarks.load.run import has_faults

PART = {
    "kinds": {
        "good": {"statuses": {"200": 1200, "503": 30}, "p50_ms": 12.4, "p95_ms": 20.0, "p99_ms": 1234.5},
        "hostile": {"statuses": {"400": 2, "415": 3, "429": 1}, "p50_ms": None, "p95_ms": None, "p99_ms": None},
    },
    "faults": {},
    "megabytes": [100.4, 200.0, 201.0],
    "files": 7,
    "files_after_stop": 0,
    "tracebacks": 0,
}


@pytest.fixture
def found():
    facts = {"clients": 50, "seconds_each": 60.0, "command": "some", "device": "some", "seconds": 200.0}
    return {**facts, "service": PART, "rate": PART, "page": {**PART, "faults": {"ReadError": 2, "500": 1}}}


def test_answers_are_counted_by_what_they_mean(monkeypatch, found):
    monkeypatch.setattr(page, "measured", {"load": found}.get)
    lines = page.load_block().splitlines()
    assert "| usable images | 1,230 | 1,200 | - | 30 | 12 ms | 20 ms | 1,234 ms |" in lines
    assert "| damaged or hostile | 6 | - | 5 | 1 | - | - | - |" in lines
    faults = [line.split(":")[1].split(".")[0].strip() for line in lines if line.startswith("Answers that are not")]
    assert faults == ["none", "none", "3"]


def test_without_a_result_it_is_not_measured(monkeypatch):
    monkeypatch.setattr(page, "measured", lambda _: None)
    assert page.load_block() == "Not measured yet."


@pytest.mark.parametrize("fault", [{"faults": {"500 instead of 200": 1}}, {"tracebacks": 1}, {"files_after_stop": 1}])
def test_a_server_with_a_fault_fails_the_run(fault):
    assert not has_faults(PART)
    assert has_faults({**PART, **fault})
