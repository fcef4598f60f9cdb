"""Coverage by source."""

import pytest

from agelens.models.calibration.coverage import coverage_by_source, undercovered


def test_coverage_is_counted_by_source() -> None:
    table = coverage_by_source(
        [10, 10, 20, 20], [20, 30, 30, 40], [10, 30, 31, 19], sources=["b", "a", "b", "a"]
    ).set_index("source")
    assert table.loc["a"].tolist() == [2, 0.5, 20]
    assert table.loc["b"].tolist() == [2, 0.5, 10]  # both ends are inside


@pytest.mark.parametrize(("faces", "hits", "found"), [(100, 87, []), (100, 86, ["a"]), (49, 0, []), (50, 43, ["a"])])
def test_sources_of_enough_faces_with_few_ages_inside_are_named(faces: int, hits: int, found: list[str]) -> None:
    true = [20] * hits + [50] * (faces - hits)
    table = coverage_by_source([10] * faces, [30] * faces, true, sources=["a"] * faces)
    assert undercovered(table, coverage=0.9)["source"].tolist() == found
