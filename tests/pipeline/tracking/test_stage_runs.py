"""The runs of the stages on data and on the trained network, read back from the files of offline runs."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from agelens.pipeline.tracking.run import Run
from tests.pipeline.tracking.wandb_file import StoredRun, run_offline, stored_runs

JOB = """
from pathlib import Path
import numpy as np
import pandas as pd
from agelens.data_prep.core.images import write_jpeg
from agelens.models.calibration.coverage import coverage_by_source
from agelens.models.calibration.fit import fit_calibration
from agelens.models.evaluation.slices import by_slice
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.stages import eda, split
from agelens.pipeline.tracking.data import log_crops
from agelens.pipeline.tracking.evaluation import log_evaluation
from agelens.pipeline.tracking.model import log_calibration, log_export
from agelens.pipeline.tracking.runs import tracked_run
from tests.factories import FIVE_GROUPS
from tests.models.prediction_tables import FACES, predictions_of
from tests.pipeline.demo_settings import DEMO
from tests.pipeline.small_exploration import SIZE, SOURCES, write_rows

paths = Paths(Path())

def settings(show_faces):
    crop_faces = {**DEMO["crop_faces"], "size": SIZE}
    changed = {"report": {"show_faces": show_faces}, "split": {"train": 0.4, "val": 0.3, "test": 0.3}}
    return Params.model_validate({**DEMO, "crop_faces": crop_faces, "sources": SOURCES, **changed})

table = predictions_of(FACES)
colours = np.linspace(0, 250, len(table)).astype(np.uint8)
crops = {name: Path(f"{index}.jpg") for index, name in enumerate(table["image_id"])}
for path, colour in zip(crops.values(), colours, strict=True):
    write_jpeg(path, np.full((64, 64, 3), colour, np.uint8))
counts = pd.DataFrame(
    [("a", "detector", 7), ("a", "no_face", 2), ("b", "detector", 3)], columns=["source", "outcome", "images"]
)

for show_faces in (True, False):
    options = {"params": settings(show_faces), "paths": paths}
    with tracked_run("crop_faces", **options) as tracked:
        log_crops(tracked, counts, kept=10, sheet=crops["set/3.jpg"])
    with tracked_run("evaluate", **options) as tracked:
        groups = FIVE_GROUPS.names
        log_evaluation(tracked, table, by_slice(table, resamples=10), overall={}, groups=groups, crops=crops)

ages = np.arange(0.0, 60.0)
fitted = fit_calibration(ages + 1, ages, groups=[str(age) for age in ages])
low, high = fitted.calibration.interval(ages, None)
with tracked_run("calibrate", **options) as tracked:
    log_calibration(tracked, fitted, coverage_by_source(low, high, ages, sources=["a"] * 30 + ["b"] * 30))

paths.exported.mkdir(parents=True)
paths.exported.joinpath("age_net.bin").write_bytes(b"0" * 2_000_000)
card = {"name": "tiny", "precision": "float32", "test_metrics": {"mae": 4.5, "cs5": None}}
with tracked_run("export", **options) as tracked:
    log_export(tracked, card, {"age": 0.01}, folder=paths.exported)

write_rows(paths)
eda.run(settings(True), paths)
split.run(settings(True), paths)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[StoredRun]]:
    """Return the runs by stage; those of crops and evaluation first with faces, then without."""
    folder = tmp_path_factory.mktemp("project")
    run_offline(JOB, folder)
    found: dict[str, list[StoredRun]] = {}
    for stored in sorted(stored_runs(folder), key=lambda stored: stored.run.start_time.ToNanoseconds()):
        found.setdefault(stored.run.job_type, []).append(stored)
    return found


def table(stored: StoredRun, name: str) -> dict[str, Any]:
    (file,) = stored.folder.glob(f"files/media/table/{name}*.json")
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def artifact_files(stored: StoredRun) -> dict[str, Path]:
    """Return the staged files of the artifacts of a run, by their names in them."""
    return {entry.path: Path(entry.local_path) for artifact in stored.of("artifact") for entry in entries(artifact)}


def entries(artifact: Any) -> list[Any]:
    return list(artifact.manifest.contents)


def made(stored: StoredRun) -> Any:
    """Return the artifact that a stage made, beside those of its tables."""
    (found,) = (each for each in stored.of("artifact") if each.type in {"dataset", "network", "model"})
    return found


def test_every_stage_has_a_run_with_its_settings_in_the_group_of_the_execution(runs):
    assert {stage: len(stored) for stage, stored in runs.items()} == {
        "crop_faces": 2,
        "evaluate": 2,
        "calibrate": 1,
        "export": 1,
        "eda": 1,
        "split": 1,
    }
    every = [each for stored in runs.values() for each in stored]
    assert len({each.run.run_group for each in every}) == 1
    assert {each.exit_code for each in every} == {0}
    assert all(each.config["calibrate"]["coverage"] == 0.9 for each in every)
    assert runs["crop_faces"][0].run.display_name.startswith("crop_faces-synthetic+mine-")


def test_the_run_of_crops_counts_outcomes(runs):
    summary = runs["crop_faces"][0].summary
    assert [summary[f"crops/{name}"] for name in ("photographs", "faces", "rejected")] == [12, 10, 2]
    assert (summary["crops/outcome/detector"], summary["crops/outcome/no_face"]) == (10, 2)
    assert table(runs["crop_faces"][0], "crops/counts")["data"][1] == ["a", "no_face", 2]


def test_the_contact_sheet_is_logged_only_where_faces_are_shown(runs):
    shown, hidden = runs["crop_faces"]
    assert len(list(shown.folder.glob("files/media/images/crops/contact sheet*"))) == 1
    assert list(hidden.folder.glob("files/media/images/**/*")) == []


def test_a_test_row_has_its_own_crop(runs):
    shown, hidden = runs["evaluate"]
    files = artifact_files(shown)
    rows = json.loads(files["test/rows.table.json"].read_text())
    assert rows["columns"][:2] == ["crop", "image_id"]
    assert len(rows["data"]) == 6
    for index, (crop, name, *_) in enumerate(rows["data"]):
        assert name == f"set/{index}.jpg"
        with Image.open(files[crop["path"]]) as image:
            assert image.format == "JPEG"
            assert max(image.size) <= 128
            assert abs(image.convert("L").getpixel((image.width // 2, image.height // 2)) - 50 * index) <= 4
    assert table(hidden, "test/rows")["columns"][0] == "image_id"
    assert [path for path in artifact_files(hidden) if "table" not in path] == []


def test_the_run_of_a_calibration_has_its_effect_on_validation(runs):
    (stored,) = runs["calibrate"]
    assert stored.summary["calibration/faces"] == 60
    assert stored.summary["calibration/temperature"] == 1.0
    assert stored.summary["calibration/mae/raw"] == pytest.approx(1.0)
    assert 0.9 <= stored.summary["calibration/coverage"] <= 1.0
    rows = table(stored, "calibration/coverage by source")
    assert [row[:2] for row in rows["data"]] == [["a", 30], ["b", 30]]


def test_the_run_of_an_export_has_size_differences_and_known_metrics(runs):
    summary = runs["export"][0].summary
    assert summary["export/megabytes"] == pytest.approx(2.0)
    assert summary["export/difference/age"] == pytest.approx(0.01)
    assert summary["test/mae"] == 4.5
    assert "test/cs5" not in summary


def test_the_run_of_an_exploration_has_the_figures_of_its_summary_and_no_image(runs):
    (stored,) = runs["eda"]
    written = json.loads((stored.folder.parent.parent / "reports/eda/summary.json").read_text())["all"]
    assert stored.summary["eda/ages/median"] == written["ages"]["median"]
    assert stored.summary["eda/labels/missing_gender"] == written["labels"]["missing_gender"]
    assert stored.summary["eda/rows/rebalance"] == 5
    assert stored.summary["eda/flags/tiny_face"] == written["flags"]["tiny_face"]
    assert ["*", "crop_faces", "no_face", 1, 8] in table(stored, "eda/flow")["data"]
    assert list(stored.folder.glob("files/media/images/**/*")) == []


def test_the_exported_model_is_an_artifact_with_an_alias(runs):
    model = made(runs["export"][0])
    assert (model.name, model.type) == ("age-model-efficientnet_lite0", "model")
    assert "best" in model.aliases
    (file,) = entries(model)
    assert file.path == "age_net.bin"
    assert Path(file.local_path).stat().st_size == 2_000_000  # a copy: the next export replaces the file itself
    assert "weights" not in file.local_path


def test_splits_are_an_artifact_of_references_with_digests(runs):
    (stored,) = runs["split"]
    splits = made(stored)
    assert (splits.name, splits.type) == ("splits-synthetic-mine", "dataset")
    folder = stored.folder.parent.parent / "data/splits"
    for file in entries(splits):
        assert file.ref == f"file://{folder.resolve() / file.path}"
        assert file.local_path == ""  # so that nothing is uploaded
        digest = hashlib.md5((folder / file.path).read_bytes(), usedforsecurity=False).digest()
        assert file.digest == base64.b64encode(digest).decode()
    assert sorted(file.path for file in entries(splits)) == ["test.csv", "train.csv", "val.csv"]
    counts = {name: len(pd.read_csv(folder / f"{name}.csv")) for name in ("train", "val", "test")}
    assert {name: stored.summary[f"split/{name}"] for name in counts} == counts


@pytest.mark.parametrize(("online", "lines"), [(True, 1), (False, 0)])
def test_faces_that_leave_the_machine_are_reported(online, lines, capsys):
    run = Run(type("Connected", (), {"offline": not online}), show_faces=True)
    assert run.may_show_faces()
    assert capsys.readouterr().err.count("faces are sent to W&B") == lines
    assert not Run(None, show_faces=True).may_show_faces()
