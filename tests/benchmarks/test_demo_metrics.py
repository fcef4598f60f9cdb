"""The comparison of a demo with the recorded one."""

import pytest

from agelens.data_prep.core.atomic import read_json
from benchmarks.upgrades.demo_metrics import METRICS, PINNED, compare, pin

OVERALL = {
    "exact_rows": 91,
    **{name + end: value for name in METRICS for end, value in (("", 3.0), ("_low", 2.5), ("_high", 3.5))},
}


def test_a_run_is_within_its_own_tolerance_and_that_ends_at_the_interval():
    assert compare(OVERALL, [pin(OVERALL)]) == []
    assert compare(OVERALL | {"mae": 3.5, "bias": 2.5}, [pin(OVERALL)]) == []


@pytest.mark.parametrize("value", [2.49, 3.51, None, float("nan")])
@pytest.mark.parametrize("name", METRICS)
def test_a_metric_outside_of_the_tolerance_is_named(name, value):
    lines = compare(OVERALL | {name: value}, [pin(OVERALL)])
    assert lines == [f"{name} must be within 2.5 to 3.5, recorded 3.0. Received: {value}."]


def test_other_test_faces_are_named():
    assert compare(OVERALL | {"exact_rows": 90}, [pin(OVERALL)]) == ["The test split must have 91 faces. Received: 90."]


def test_the_tolerance_covers_the_runs_of_all_processors():
    other = pin(OVERALL | {"mae": 3.4, "mae_low": 2.9, "mae_high": 3.9})
    assert compare(OVERALL | {"mae": 3.8}, [pin(OVERALL), other]) == []
    assert compare(OVERALL | {"mae": 4.0}, [pin(OVERALL), other]) == [
        "mae must be within 2.5 to 3.9, recorded 3.0, 3.4. Received: 4.0."
    ]


def test_every_metric_is_recorded_within_its_interval():
    runs = read_json(PINNED)["runs"]
    assert len({run["device"] for run in runs}) == len(runs)
    for run in runs:
        assert list(run["metrics"]) == list(METRICS)
        assert all(one["low"] <= one["value"] <= one["high"] for one in run["metrics"].values())
        assert run["faces"] == runs[0]["faces"] > 0
