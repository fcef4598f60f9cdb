"""The blocks of docs/ show what the benchmarks have measured, and the results their command."""

import pages
import pytest

from evidence import command_of


def test_the_memory_of_a_search_is_shown_at_every_tenth_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "rows": 2000,
        "mib": {"0": 900, "1": 1000, "10": 1400, "11": 1390, "20": 1234},
        "growth_mib_per_trial": 0.04,
        "command": "some",
        "device": "some",
        "seconds": 240.0,
    }
    monkeypatch.setattr(pages, "measured", {"tune_memory": found}.get)
    block = pages.memory_block()
    assert block.splitlines()[:3] == ["| trials | 10 | 20 |", "|---|---|---|", "| MiB | 1,400 | 1,234 |"]
    assert "+0.0 MiB a trial" in block
    monkeypatch.setattr(pages, "measured", lambda _: None)
    assert pages.memory_block() == "Not measured yet."


def test_a_command_contains_no_absolute_path() -> None:
    command = command_of(
        ["/home/me/benchmarks/tune.py", "/home/me/project", "--memory", "100", "--params", "params/a.yaml"]
    )
    assert command == "python benchmarks/tune.py PATH --memory 100 --params params/a.yaml"


def test_a_module_that_was_run_is_named_as_such() -> None:
    arguments = ["/home/me/benchmarks/load/run.py", "--seconds", "60", "--record"]
    assert command_of(arguments, module="benchmarks.load.run") == "python -m benchmarks.load.run --seconds 60"
