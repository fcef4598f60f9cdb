"""The comparison with other packages: metrics from rows, and the images in which all found a face."""

import pandas as pd
import pytest

from benchmarks.install.light import largest_difference, summarise_sizes
from benchmarks.peers.compare import common_errors, measure
from benchmarks.peers.page import peers_block, rows_of
from benchmarks.prediction import readme_block

TABLE = pd.DataFrame({"age": [10, 20, 30, 40], "gender": ["female", "male", None, "male"]})


def test_metrics_are_those_of_the_faces_that_were_found():
    rows = [
        {"age": 12.0, "low": 5, "high": 15, "gender": "female", "known": True},
        {},
        {"age": 30.0, "low": 31, "high": 40, "gender": "male", "known": False},
        {"age": 50.0, "low": 30, "high": 60, "gender": "female", "known": False},
    ]
    found = measure({"rows": rows, "seconds": 0.5, "megabytes": 7}, TABLE)
    assert found == {
        "missed": 1,
        "mae": 4.0,
        "within_5_years": pytest.approx(2 / 3, abs=1e-4),
        "bias": 4.0,
        "coverage": pytest.approx(2 / 3, abs=1e-4),
        "gender": 0.5,
        "trained_on": 1,
        "images_per_second": 8.0,
        "megabytes": 7,
    }


def test_a_system_without_intervals_and_labels_without_gender_have_no_such_figures():
    rows = [{"age": 10, "gender": "male"}, {"age": 20, "gender": "male"}, {}, {}]
    found = measure({"rows": rows, "seconds": 1, "megabytes": 1}, TABLE.assign(gender=None))
    assert (found["coverage"], found["gender"], found["missed"]) == (None, None, 2)


def test_systems_are_compared_where_all_found_a_face():
    found = {"ours": [{"age": 11}, {"age": 90}, {"age": 33}, {}], "theirs": [{"age": 12}, {}, {"age": 30}, {"age": 9}]}
    assert common_errors(found, TABLE["age"]) == {"ours": {"faces": 2, "mae": 2.0}, "theirs": {"faces": 2, "mae": 1.0}}


def test_packages_are_listed_by_size():
    listed = {"small": ("1.0", 2_000_000), "large": ("2.0", 5_040_000)}
    found = summarise_sizes(listed)
    assert list(found["largest"].items()) == [("large", 5.0), ("small", 2.0)]
    assert found["versions"] == {"small": "1.0", "large": "2.0"}


def test_ages_of_two_versions_are_compared_face_by_face():
    one = [("a.jpg", "1", "20.5"), ("b.jpg", "", ""), ("c.jpg", "1", "7")]
    assert largest_difference(one, [("a.jpg", "1", "20.25"), *one[1:]]) == 0.25
    assert largest_difference(one, one[:2]) is None


def test_the_better_figure_of_each_row_is_bold():
    def system(mae: float, coverage: float | None, rate: float) -> dict[str, object]:
        of_set = {
            "mae": mae,
            "within_5_years": 0.5,
            "coverage": coverage,
            "gender": None,
            "missed": 3,
            "images_per_second": rate,
            "megabytes": 100,
            "where_all_found_a_face": {"faces": 9, "mae": mae},
        }
        return {"utkface": of_set, "fgnet": of_set, "utkface_crops": of_set, "megabytes": 5, "cold_start_seconds": 1.0}

    rows = rows_of({"systems": {"agelens": system(4.0, 0.9, 50.0), "other": system(5.0, None, 60.0)}})
    by_title = {title: cells for title, *cells in rows}
    assert by_title["FG-NET: MAE, years"] == ["**4.00**", "5.00"]
    assert by_title["FG-NET: true age inside the interval"] == ["90.0%", ""]
    assert by_title["FG-NET: photographs per second"] == ["50", "**60**"]
    assert by_title["FG-NET: photographs without a face"] == ["3", "3"]


def test_the_block_says_when_nothing_was_measured(monkeypatch):
    monkeypatch.setattr("benchmarks.peers.page.measured", lambda _: None)
    assert peers_block() == []


def test_the_installation_is_shown_beside_the_one_before(monkeypatch):
    def version(size, start, rate, difference=0.0):
        largest = {"cv": 50.0, "ov": 40.0, "np": 30.0, "pil": 20.0, "rest": 1.0}
        return {
            "installation": {"megabytes": size, "largest": largest},
            "cold_start": {"median_seconds": start},
            "folders": {"fgnet": {"photographs_per_second": [rate, rate + 1], "largest_age_difference": difference}},
        }

    found = {"after": version(200, 0.9, 110), "with_opencv": version(300, 1.2, 120, 0.4)}
    monkeypatch.setattr(readme_block, "measured", {"install": found}.get)
    lines = readme_block._installation()
    assert "| installation | MB | cold start | FG-NET per second |" in lines
    assert "| `pip install .` | 200 | 0.90 s | 110 |" in lines
    assert "| `pip install '.[opencv]'` | 300 | 1.20 s | 120 |" in lines
    assert "cv, ov, np, pil take 140 MB of the first." in lines[-1]
    assert "ages differ by at most 0.4 years on FG-NET." in lines[-1]
