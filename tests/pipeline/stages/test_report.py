"""The stage `report` draws what other stages have left, from their files only."""

import json

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import REJECTED, SPLIT, make_table, write_table
from agelens.models.evaluation.metrics import summarise
from agelens.pipeline.stages import report
from tests.factories import split_rows
from tests.models.prediction_tables import simulated
from tests.pipeline.evaluation_report import evaluations
from tests.pipeline.reports.trials import trials_of, write_search

EVALUATION_FILES = {
    *("predicted_against_true.png", "error_by_age.png", "confusion.png", "mae_by_slice.png", "coverage.png"),
    *("mae_by_band.png", "groups_and_ages.png", "error_rates.png", "robustness.png", "standardised_mae.png"),
    *("history.png", "learning_rate.png", "age_distribution.png", "report.html", "lineage.json"),
}
SEARCH_FILES = {"trials.png", "curves.png", "importance.png", "search.html"}


@pytest.fixture(autouse=True)
def wandb_disabled(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")


def write_evaluation(paths, predictions):
    evaluations.write_evaluation(paths.evaluation, predictions)
    paths.train_report.mkdir(parents=True, exist_ok=True)
    evaluations.HISTORY.to_csv(paths.train_report / "history.csv", index=False)
    write_table(paths.split_test, split_rows(4), SPLIT)
    for path in (paths.manifest_rejected, paths.faces_rejected, paths.grouped_rejected):
        write_table(path, make_table([], REJECTED), REJECTED)


def drawn(paths):
    return {path.name for path in paths.report.iterdir()}


def test_a_search_is_drawn_before_there_is_an_evaluation(project):
    write_search(project.paths.tune_report, trials_of(5))
    report.run(project.params(), project.paths)
    assert drawn(project.paths) == SEARCH_FILES


def test_an_evaluation_is_drawn_without_a_search(project):
    predictions = simulated(60)
    write_evaluation(project.paths, predictions)
    report.run(project.params(report={"show_faces": False}), project.paths)
    assert drawn(project.paths) == EVALUATION_FILES
    page = (project.paths.report / "report.html").read_text()
    assert f">{summarise(predictions)['mae']:.2f}</data> years" in page
    assert "tiny on synthetic" in page


def test_the_next_run_is_compared_with_this_one(project):
    write_evaluation(project.paths, simulated(60))
    report.run(project.params(report={"show_faces": False}), project.paths)
    better = simulated(60).assign(age=lambda table: table["true_age"])
    write_evaluation(project.paths, better)
    report.run(project.params(report={"show_faces": False}), project.paths)
    comparison = json.loads((project.paths.report / "comparison.json").read_text())
    assert comparison["mae"] == 0
    assert comparison["mae_change"] == -comparison["mae_before"] < 0
    assert "The errors of this run are smaller" in (project.paths.report / "report.html").read_text()


def test_nothing_to_draw_is_an_error(project):
    with pytest.raises(DataError, match="neither a search nor an evaluation"):
        report.run(project.params(), project.paths)
