"""`agelens summary` counts every photograph, and names the metrics, the last W&B run and the next steps."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from agelens.data_prep.core.atomic import write_json, write_text
from agelens.data_prep.core.tables import MANIFEST, REJECTED, SPLIT, make_table, write_table
from agelens.models.calibration.calibration import Calibration
from agelens.pipeline.config.paths import Paths
from tests.factories import faces_table, split_rows

METRICS = {"mae": 6.5, "median_baseline_mae": 15.0, "cs5": 0.5, "group_accuracy": 0.75, "coverage": 0.875}


def write_run(root: Path, *, source: str = "made", coverage: float = 0.9, metrics: dict[str, float | None]) -> None:
    """Write the files of a run: 6 labelled photographs, one of them without a face, and one rejected line."""
    paths = Paths(root)
    write_table(paths.manifest, faces_table(6, sources=[source])[MANIFEST.names], MANIFEST)
    write_table(paths.manifest_rejected, rejected(["bad_age"]), REJECTED)
    write_table(paths.faces_rejected, rejected(["no_face"]), REJECTED)
    write_table(paths.grouped_rejected, rejected([]), REJECTED)
    for path, count in ((paths.split_train, 3), (paths.split_val, 1), (paths.split_test, 1)):
        write_table(path, split_rows(count), SPLIT)
    write_json(paths.overall, metrics)
    write_json(paths.calibration, Calibration(coverage=coverage, edges=(), half_widths=(7.5,)).to_json())


def rejected(reasons: Sequence[str]):
    rows = [{"image_id": f"made/{reason}", "source": "made", "path": "p", "reason": reason} for reason in reasons]
    return make_table(rows, REJECTED)


@pytest.fixture
def summary(folder, agelens):
    """Return a function that returns the output of `agelens summary` with single spaces."""

    def printed() -> str:
        status, out, _ = agelens("summary")
        assert status == 0
        return " ".join(out.replace("│", " ").split())

    return printed


def test_every_photograph_is_counted(folder, summary):
    write_run(folder, metrics=METRICS)
    assert "read 7 rejected: bad_age 1 rejected: no_face 1 train 3 val 1 test 1" in summary()


def test_a_calibration_of_another_network_is_named(folder, agelens):
    write_run(folder, metrics=METRICS)
    paths = Paths(folder)
    write_text(paths.age_net, "network")
    write_json(
        paths.calibration, json.loads(paths.calibration.read_text()) | {"lineage": {"network": "of another run"}}
    )
    status, out, err = agelens("summary")
    line = "weights/trained/calibration.json must be made with the network weights/trained/age_net.keras"
    assert status == 0
    assert line in " ".join((out + err).split())


def test_metrics_are_shown_with_the_calibrated_coverage(folder, summary):
    write_run(folder, coverage=0.95, metrics=METRICS | {"cs5": None})
    out = summary()
    assert "MAE 6.50 years MAE of always predicting the median age 15.00 years" in out
    assert "within 5 years (CS@5) none" in out
    assert "age inside the 95 % interval 87.5%" in out
    assert "90 %" not in out


def test_the_last_run_is_the_most_recent_one_whatever_its_name(folder, summary):
    write_run(folder, metrics=METRICS)
    for name, time in (("offline-run-1-a", 300), ("offline-run-3-c", 100), ("run-2-b", 200)):
        (folder / "wandb" / name).mkdir(parents=True)
        os.utime(folder / "wandb" / name, (time, time))
    assert "W&B run wandb/offline-run-1-a next" in summary()


def test_a_missing_run_is_named(folder, summary):
    write_run(folder, metrics=METRICS)
    assert "W&B run none (WANDB_MODE=disabled)" in summary()


@pytest.mark.parametrize(("source", "hinted"), [("synthetic", True), ("utkface", False)])
def test_utkface_is_suggested_if_it_is_not_used(source, hinted, folder, summary):
    write_run(folder, source=source, metrics=METRICS)
    assert ("agelens use utkface" in summary()) is hinted


def test_a_missing_calibration_is_a_one_line_error(folder, agelens):
    write_run(folder, metrics=METRICS)
    Paths(folder).calibration.unlink()
    status, _, err = agelens("summary")
    assert (status, err.count("\n")) == (1, 1)
    assert json.loads(Paths(folder).overall.read_text()) == METRICS
