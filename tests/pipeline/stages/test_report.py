"""The stage `report` draws what other stages have left, from their files only."""

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import PREDICTIONS, REJECTED, SPLIT, make_table, write_table
from agelens.models.evaluation.metrics import summarise
from agelens.models.evaluation.slices import by_slice
from agelens.pipeline.stages import report
from tests.factories import split_rows
from tests.models.prediction_tables import simulated
from tests.pipeline.reports.trials import trials_of

EVALUATION_FILES = {
    *("predicted_against_true.png", "error_by_age.png", "confusion.png", "mae_by_slice.png", "coverage.png"),
    *("history.png", "age_distribution.png", "report.html"),
}
SEARCH_FILES = {"trials.png", "importance.png", "search.html"}


@pytest.fixture(autouse=True)
def wandb_disabled(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")


def write_search(paths):
    paths.tune_report.mkdir(parents=True)
    trials_of(5).to_csv(paths.tune_report / "trials.csv", index=False)
    (paths.tune_report / "importance.csv").write_text("setting,importance\nunits,0.5\nage_head,0.0\n")
    (paths.tune_report / "retrained.csv").write_text("name,mean,sd,seeds\n1,6.61,0.01,3\nuntuned,7.0,0.02,3\n")


def write_evaluation(paths, predictions):
    write_table(paths.predictions, predictions, PREDICTIONS)
    by_slice(predictions, resamples=5).to_csv(paths.slices, index=False)
    paths.train_report.mkdir(parents=True)
    history = {"phase": [1, 2], "age_mae": [9.0, 8.0], "val_age_mae": [9.0, 8.5], "learning_rate": [1e-3, 1e-4]}
    pd.DataFrame(history).to_csv(paths.train_report / "history.csv", index=False)
    write_table(paths.split_test, split_rows(4), SPLIT)
    for path in (paths.manifest_rejected, paths.faces_rejected, paths.grouped_rejected):
        write_table(path, make_table([], REJECTED), REJECTED)


def drawn(paths):
    return {path.name for path in paths.report.iterdir()}


def test_a_search_is_drawn_before_there_is_an_evaluation(project):
    write_search(project.paths)
    report.run(project.params(), project.paths)
    assert drawn(project.paths) == SEARCH_FILES


def test_an_evaluation_is_drawn_without_a_search(project):
    predictions = simulated(60)
    write_evaluation(project.paths, predictions)
    report.run(project.params(report={"show_faces": False}), project.paths)
    assert drawn(project.paths) == EVALUATION_FILES
    page = (project.paths.report / "report.html").read_text()
    assert f"{summarise(predictions)['mae']:.2f} years" in page
    assert "tiny on synthetic" in page


def test_nothing_to_draw_is_an_error(project):
    with pytest.raises(DataError, match="neither a search nor an evaluation"):
        report.run(project.params(), project.paths)
