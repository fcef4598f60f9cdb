"""A run is compared with the run before: kept without git, face by face, and in words."""

import pytest

from agelens.models.evaluation.metrics import summarise
from agelens.pipeline.evaluation_report.comparison import changed_settings, compare, keep_run, verdict
from tests.damage import DAMAGES
from tests.models.prediction_tables import predictions_of
from tests.pipeline.evaluation_report.evaluations import write_evaluation

FACES = [(20, 20, 24), (30, 30, 35), (40, 40, 46), (50, 50, 57)] * 10


def shifted(years):
    return predictions_of([(low, high, age + years) for low, high, age in FACES])


def compared(now, before):
    return compare(summarise(now), summarise(before), predictions=now, predictions_before=before, resamples=50)


def test_the_first_run_has_no_previous_one(tmp_path):
    write_evaluation(tmp_path / "now", shifted(0))
    assert keep_run(tmp_path / "kept", tmp_path / "now", {"n": 1}) is None


def test_the_same_predictions_are_the_same_run(tmp_path):
    write_evaluation(tmp_path / "first", shifted(0))
    write_evaluation(tmp_path / "second", shifted(1))
    assert keep_run(tmp_path / "kept", tmp_path / "first", {"n": 1}) is None
    assert keep_run(tmp_path / "kept", tmp_path / "first", {"n": 1}) is None
    for _ in range(2):
        previous = keep_run(tmp_path / "kept", tmp_path / "second", {"n": 2})
        assert (previous / "run.json").read_text().split() == ["{", '"n":', "1", "}"]
    assert keep_run(tmp_path / "kept", tmp_path / "first", {"n": 3}) == previous
    assert '"n": 2' in (previous / "run.json").read_text()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["overall.json", "slices.csv", "predictions.csv", "run.json", "hashes.json"])
def test_a_damaged_run_is_none(tmp_path, name, damage):
    write_evaluation(tmp_path / "first", shifted(0))
    write_evaluation(tmp_path / "second", shifted(1))
    keep_run(tmp_path / "kept", tmp_path / "first", {"n": 1})
    file = tmp_path / "kept" / "current" / name
    intact = file.read_bytes()
    file.write_bytes(damage(intact))
    assert keep_run(tmp_path / "kept", tmp_path / "first", {"n": 1}) is None
    assert file.read_bytes() == intact
    previous = keep_run(tmp_path / "kept", tmp_path / "second", {"n": 2})
    (previous / name).write_bytes(damage((previous / name).read_bytes()))
    assert keep_run(tmp_path / "kept", tmp_path / "second", {"n": 2}) is None


def test_changes_are_this_minus_previous():
    result = compared(shifted(0), shifted(1))
    assert (result["mae"], result["mae_before"], result["mae_change"]) == (5.5, 6.5, -1.0)
    assert (result["mae_change_low"], result["mae_change_high"]) == (-1.0, -1.0)
    assert (result["cs5"], result["cs5_change"]) == (0.5, 0.25)
    assert result["faces"] == 40


def test_only_faces_with_the_same_label_are_compared():
    before = shifted(0).assign(image_id=[f"other/{i}" for i in range(40)])
    assert "mae_change_low" not in compared(shifted(0), before)
    assert compared(shifted(0), shifted(0).head(30))["faces"] == 30


@pytest.mark.parametrize(
    ("years", "words"),
    [(0, "within what the choice of test faces explains"), (-1, "are larger"), (1, "are smaller")],
)
def test_the_verdict_follows_the_interval(years, words):
    assert words in verdict(compared(shifted(0), shifted(years)))


def test_the_verdict_names_different_faces():
    before = shifted(1).assign(image_id=[f"other/{i}" for i in range(40)])
    assert "share no test faces" in verdict(compared(shifted(0), before))
    assert "different test faces" in verdict(compared(shifted(0), shifted(1).head(30)))
    intervals = predictions_of([(10, 20, 15)])
    assert "no exact ages" in verdict(compared(intervals, shifted(0)))


def test_settings_that_differ_have_both_values():
    assert changed_settings({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == [
        {"name": "b", "before": "3", "now": "2"},
        {"name": "c", "before": "4", "now": ""},
    ]
