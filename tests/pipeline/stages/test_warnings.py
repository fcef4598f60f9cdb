"""What stages say about doubtful data and results, on small projects."""

import pytest

from agelens.data_prep.core.tables import MANIFEST, REJECTED, SPLIT, read_table, write_table
from agelens.pipeline.stages import build_manifest, cache_features, calibrate, evaluate, export, train
from tests.pipeline.small_project import SmallProject, make_small_project, rows_of

MEDIAN = 42.5
"""Of the training rows of a small project."""


def said(capfd: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, as one line."""
    return " ".join(capfd.readouterr().err.split())


def test_build_manifest_counts_reasons_and_clipped_ages(
    project: SmallProject, capfd: pytest.CaptureFixture[str]
) -> None:
    labels = project.root / "labels.csv"
    labels.write_text("path,age\na.jpg,30\nb.jpg,116\nc.jpg,105\nd.jpg,-3\ne.jpg,1985\nf.jpg,1990\n")
    for name in "abcdef":
        (project.root / f"{name}.jpg").write_bytes(b"")
    params = project.params()
    mine = {"mine": params.sources["synthetic"].model_copy(update={"path": labels, "reader": "table"})}
    build_manifest.run(params.model_copy(update={"sources": mine}), project.paths)
    lines = said(capfd)
    counts = read_table(project.paths.manifest_rejected, REJECTED)["reason"].value_counts().to_dict()
    assert counts == {"impossible_age": 2, "bad_age": 1}
    assert "mine: 3 labelled, 3 rejected rejected: impossible_age 2, bad_age 1; each with its reason in " in lines
    assert "".join(str(project.paths.manifest_rejected).split()) in "".join(lines.split())
    assert "2 ages above 100 became 100" in lines
    assert read_table(project.paths.manifest, MANIFEST)["age_clipped"].sum() == 2


def test_build_manifest_says_nothing_about_sound_labels(
    project: SmallProject, capfd: pytest.CaptureFixture[str]
) -> None:
    labels = project.root / "labels.csv"
    labels.write_text("path,age\na.jpg,30\n")
    (project.root / "a.jpg").write_bytes(b"")
    params = project.params()
    mine = {"mine": params.sources["synthetic"].model_copy(update={"path": labels, "reader": "table"})}
    build_manifest.run(params.model_copy(update={"sources": mine}), project.paths)
    assert said(capfd) == "mine: 1 labelled, 0 rejected"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """Return a project with a network that was trained for two epochs on five rows; all test rows have one age."""
    made = make_small_project(tmp_path_factory.mktemp("trained"))
    params = made.params(train={"use_tuned": False})
    cache_features.run(params, made.paths)
    train.run(params, made.paths)
    write_table(made.paths.split_test, rows_of("val", [MEDIAN] * 6), SPLIT)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("stage", [train, calibrate], ids=["train", "calibrate"])
def test_few_validation_rows_are_a_warning(
    trained: SmallProject, capfd: pytest.CaptureFixture[str], stage: object
) -> None:
    stage.run(trained.params(train={"use_tuned": False}), trained.paths)  # type: ignore[attr-defined]
    assert "warning: the validation split has 6 rows with an exact age. Below 30, " in said(capfd)


@pytest.mark.slow
def test_a_model_that_is_no_better_than_the_median_and_a_wrong_model_card_are_warnings(
    trained: SmallProject, capfd: pytest.CaptureFixture[str]
) -> None:
    params, paths = trained.params(train={"use_tuned": False}), trained.paths
    calibrate.run(params, paths)
    evaluate.run(params, paths)
    assert "years is no better than 0.00, that of always predicting the median age" in said(capfd)
    export.run(params, paths)
    assert "warning" not in said(capfd)  # the demo's text describes the demo's data
    mine = {**params.sources, "mine": params.sources["synthetic"].model_copy(update={"reader": "table"})}
    export.run(params.model_copy(update={"sources": mine}), paths)
    assert "warning: export.training_data is the text of the demo" in said(capfd)
