"""The block of docs/scale.md."""

import pytest

from benchmarks.scale import page

CROP = {"device": "2 cores, a processor", "images_per_second": {"stage": {"median": 200.0}}}
PREDICT = {"device": "4 cores, a processor", "photographs_per_second": [30.0, 40.0, 400.0]}


def recorded(seconds: dict[int, float]) -> dict[str, object]:
    steps = [
        {
            "rows": rows,
            "step": step,
            "returned": rows,
            "cpu_seconds": taken,
            "seconds": 2 * taken,
            "megabytes": rows // 500,
        }
        for rows, duplicates in seconds.items()
        for step, taken in (("duplicates", duplicates), ("split", rows / 100_000))
    ]
    facts = {"command": "python benchmarks/scale/rows.py", "device": "2 cores, a processor"}
    return {**facts, "described_per_second": 50.0, "steps": steps}


@pytest.fixture
def block(monkeypatch):
    found = {"scale_rows": recorded({10_000: 1.0, 1_000_000: 1000.0}), "crop": CROP, "predict_fgnet": PREDICT}
    monkeypatch.setattr(page, "measured", found.get)
    return page.scale_block()


def test_the_table_has_seconds_by_step_and_their_sum(block):
    assert "| duplicates | 1.0 s | 1,000.0 s |" in block
    assert "| **all** | **1.1 s** | **1,010.0 s** |" in block
    assert "| all, by the clock | 2.2 s | 2,020.0 s |" in block
    assert "| peak memory | 0.0 GB | 2.0 GB |" in block


def test_the_growth_is_a_power_of_the_rows(block):
    assert "1000 times from 10,000 to 1,000,000 rows (power 1.50)" in block


def test_the_plan_is_computed_from_rates_of_a_core(block):
    assert "| `crop_faces` | 100 | 27.8 | 0.9 | 1.39 USD |" in block
    assert "| `agelens predict`, whole | 10 | 277.8 | 8.7 | 13.89 USD |" in block
    assert "| pairs in `deduplicate`, at most | - | 27.8 | 27.8 (one core) | 1.39 USD |" in block
    assert "| tables of all other steps | - | 0.0 | 0.0 (one core) | 0.00 USD |" in block
    assert "as linear: 20 GB" in block


def test_nothing_is_written_where_nothing_was_measured(monkeypatch):
    monkeypatch.setattr(page, "measured", {}.get)
    assert page.scale_block() == "Not measured yet."
