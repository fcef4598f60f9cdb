"""dvc.yaml declares what the code of each stage uses: nothing is missing, nothing is unused."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

import pytest
import yaml

from agelens.data_prep.core.tables import PREDICTIONS
from agelens.models.evaluation.confusion import COLUMNS as CONFUSION_COLUMNS
from agelens.models.training.history import EpochRecord
from agelens.pipeline.config.code_hashes import import_closure
from agelens.pipeline.stages import STAGES
from tests.locations import ROOT
from tests.pipeline.stage_facts import PACKAGES, files_of_code, files_of_data, keys_of, settings_of

FLOW = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
SECTIONS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")).keys()

RECORDS_ALL_PARAMS = {"report"}
"""The stage that shows the whole of params.yaml. W&B gets it from every stage that it tracks.

A setting that no result depends on does not rerun them; they then show the settings of the run that made the result.
"""

FOLLOWED_BY_A_FILE = {"train": {"tune", "loss", "model", "train.use_tuned"}}
"""Settings that reach a stage in a file of an earlier one, recipe.json, which changes if they change a training."""

CHANGES_NO_RESULT = {
    "crop_faces": {"crop_faces.engine"},
    "tune": {
        f"train.phase2.{name}" for name in ("average", "epochs", "patience", "plateau_patience", "schedule", "trunk")
    },
}
"""Settings that a stage uses and that change how it works, or its messages, but no output."""

WORKING_FILES = {
    *("data/crops_journal.jsonl", "data/tune", "data/train_state", "data/compared_runs", "params.yaml", "wandb"),
}
"""Files from which a stage resumes, that record it, or that a report only compares with: DVC does not remove them."""

STANDS_FOR = {"crop_faces": {"data/raw_files.json"}, "train": {"reports/tune/recipe.json"}}
"""Dependencies that a stage does not read: they change with the photographs, or the settings, that it uses."""

ONLY_CHECKED = {"train": {"reports/tune/best.json"}}
"""Files that a stage refuses if they are outdated, which they cannot be when DVC runs it."""

FACES = {
    "data/crops",
    "data/features",
    "reports/cache_features",
    "reports/crop_faces",
    "reports/deduplicate",
    "reports/report",
}
"""Outputs that hold crops, pages or sheets with faces, or features of faces."""

TABLES = {"reports/train", "reports/tune", "reports/calibrate", "reports/evaluate", "reports/eda/tables"}
"""Folders of tables and numbers by which experiments are compared."""

TEST_SPLIT = "data/splits/test.csv"
EMBEDDED = "weights/embedded"


def declared(stage: str, key: str) -> list[str]:
    """Return the entries of a stage without their options."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in FLOW["stages"][stage].get(key, [])]


def is_code(path: str) -> bool:
    return path.endswith(".py") or path.partition("/")[0] in set(PACKAGES) - {"weights"}


def code_of(stage: str) -> list[str]:
    return [path for path in declared(stage, "deps") if is_code(path)]


def data_of(stage: str) -> list[str]:
    return [path for path in declared(stage, "deps") if not is_code(path)]


def contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def missing(paths: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Return the paths that lie in none of some folders."""
    return sorted(path for path in paths if not any(contains(folder, path) for folder in folders))


def unused(folders: Iterable[str], paths: Iterable[str]) -> list[str]:
    """Return the folders that hold none of some paths."""
    return sorted(folder for folder in folders if not any(contains(folder, path) for path in paths))


@pytest.mark.parametrize("stage", STAGES)
def test_imports_of_a_stage_lie_in_its_folders(stage: str) -> None:
    assert missing(files_of_code(stage), code_of(stage)) == []


@pytest.mark.parametrize("stage", STAGES)
def test_folders_of_a_stage_hold_imports(stage: str) -> None:
    assert unused(code_of(stage), files_of_code(stage)) == []


@pytest.mark.parametrize("stage", STAGES)
def test_folders_of_a_stage_exist_and_do_not_overlap(stage: str) -> None:
    folders = code_of(stage)
    assert [path for path in folders if not (ROOT / path).exists()] == []
    assert [path for path in folders if missing([path], set(folders) - {path}) == []] == []


@pytest.mark.parametrize("stage", STAGES)
def test_settings_that_a_stage_uses_are_declared(stage: str) -> None:
    elsewhere = {*FOLLOWED_BY_A_FILE.get(stage, ()), *CHANGES_NO_RESULT.get(stage, ())}
    used = keys_of(settings_of(stage) - {""}) - keys_of(elsewhere)
    assert sorted(used - keys_of(declared(stage, "params"))) == []


@pytest.mark.parametrize("stage", STAGES)
def test_declared_settings_are_used(stage: str) -> None:
    """A stage may declare its own section as a whole."""
    used = keys_of(settings_of(stage) - {""})
    assert sorted(keys_of(declared(stage, "params")) - used - keys_of({stage})) == []
    assert used & keys_of({stage}) != set()


def test_whole_params_are_only_recorded() -> None:
    assert {stage for stage in STAGES if "" in settings_of(stage)} == RECORDS_ALL_PARAMS


@pytest.mark.parametrize("stage", STAGES)
def test_files_that_a_stage_uses_are_declared(stage: str) -> None:
    """A folder such as reports/train is declared if one of its files is."""
    paths = [path for path in (*data_of(stage), *declared(stage, "outs")) if not contains(EMBEDDED, path)]
    used = {*missing(files_of_data(stage), WORKING_FILES), *STANDS_FOR.get(stage, ())} - ONLY_CHECKED.get(stage, set())
    assert [path for path in missing(used, paths) if not any(contains(path, other) for other in paths)] == []
    assert [path for path in missing(paths, used) if not any(contains(path, other) for other in used)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_bundled_detector_is_declared_where_it_is_used(stage: str) -> None:
    modules = import_closure(f"agelens.pipeline.stages.{stage}")
    embedded = [path for path in data_of(stage) if contains(EMBEDDED, path)]
    assert bool(embedded) == ("agelens.weights.defaults" in modules)
    assert [path for path in embedded if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("stage", STAGES)
def test_data_comes_from_an_earlier_stage_or_is_committed(stage: str) -> None:
    earlier = {out for name in STAGES[: STAGES.index(stage)] for out in declared(name, "outs")}
    assert missing(data_of(stage), {*earlier, EMBEDDED}) == []


def cached() -> set[str]:
    """Return the outputs that enter DVC's cache."""
    entries = [entry for stage in STAGES for entry in FLOW["stages"][stage]["outs"]]
    options = [entry if isinstance(entry, dict) else {entry: {}} for entry in entries]
    return {path for entry in options for path, given in entry.items() if given.get("cache", True)}


def test_no_output_with_faces_is_cached() -> None:
    outs = {out for stage in STAGES for out in declared(stage, "outs")}
    assert outs >= FACES
    assert cached() & FACES == set()
    folders = {path for path in cached() if "." not in path.rpartition("/")[2]}
    assert folders == {*TABLES, "weights/exported"}
    assert {path.rpartition(".")[2] for path in cached() - folders} == {"csv", "json", "keras"}


def test_everything_that_experiments_are_compared_by_is_cached() -> None:
    compared = {*FLOW["metrics"], *plotted_files(), *TABLES}
    assert missing(compared, cached()) == []
    assert missing(["weights/trained/calibration.json", "weights/trained/age_net.keras"], cached()) == []


def test_no_stage_always_runs_and_every_result_of_training_can_be_restored() -> None:
    """DVC restores earlier results of a stage only if all its outputs are cached."""
    assert [stage for stage in STAGES if FLOW["stages"][stage].get("always_changed")] == []
    for stage in ("split", "rebalance", "tune", "train", "calibrate", "evaluate", "export"):
        assert [out for out in declared(stage, "outs") if out not in cached()] == [], stage


def test_only_stages_that_no_training_depends_on_read_the_test_split() -> None:
    readers = ["evaluate", "eda", "report"]
    assert [stage for stage in STAGES if not missing([TEST_SPLIT], declared(stage, "deps"))] == readers
    assert [stage for stage in STAGES if TEST_SPLIT in files_of_data(stage)] == ["split", *readers]


def test_no_stage_reads_the_exploration() -> None:
    """It counts the labels of the test split."""
    outs = declared("eda", "outs")
    assert len(outs) > 1
    assert [stage for stage in STAGES if len(missing(outs, data_of(stage))) < len(outs)] == []


def test_stages_are_those_of_the_code_in_its_order() -> None:
    assert list(FLOW["stages"]) == list(STAGES)
    assert {path.stem for path in (ROOT / "pipeline/stages").glob("*.py")} - {"__init__"} == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_stage_is_a_name_of_a_file_a_section_and_a_command(stage: str) -> None:
    assert f"pipeline/stages/{stage}.py" in declared(stage, "deps")
    assert keys_of({stage}) & keys_of(declared(stage, "params"))
    assert stage in SECTIONS
    assert FLOW["stages"][stage]["cmd"] == f"${{python}} -m agelens run {stage}"


def test_every_section_is_used_by_some_stage() -> None:
    assert set(SECTIONS) == {name.partition(".")[0] for stage in STAGES for name in declared(stage, "params")}


def test_metrics_and_plots_are_written_by_stages() -> None:
    outs = {out for stage in STAGES for out in declared(stage, "outs")}
    assert missing([*FLOW["metrics"], *plotted_files()], outs) == []


def plots() -> dict[str, dict[str, Any]]:
    return {name: settings for plot in FLOW["plots"] for name, settings in plot.items()}


def plotted_files() -> Iterator[str]:
    for settings in plots().values():
        yield from settings["y"]


@pytest.mark.parametrize("name", plots())
def test_a_plot_names_its_axes_and_its_columns_exist(name: str) -> None:
    columns = {
        "reports/train/history.csv": [field.name for field in fields(EpochRecord)],
        "reports/evaluate/predictions.csv": PREDICTIONS.names,
        "reports/evaluate/confusion.csv": CONFUSION_COLUMNS,
        "reports/evaluate/slices.csv": ["slice", "value", "mae"],  # its first columns, and metrics.py's first metric
    }
    plot = plots()[name]
    assert plot["title"]
    assert plot["x_label"]
    assert plot["y_label"]
    for file, used in plot["y"].items():
        assert {plot["x"], *([used] if isinstance(used, str) else used)} <= set(columns[file])


@pytest.mark.parametrize("name", sorted({plot["template"] for plot in plots().values() if "template" in plot}))
def test_a_template_of_a_plot_shows_its_labels_and_revisions(name: str) -> None:
    template = (ROOT / f".dvc/plots/{name}.json").read_text(encoding="utf-8")
    assert json.loads(template)["data"] == {"values": "<DVC_METRIC_DATA>"}
    for anchor in ("TITLE", "X", "Y", "X_LABEL", "Y_LABEL"):
        assert f'"<DVC_METRIC_{anchor}>"' in template
    assert '"<DVC_METRIC_COLOR>"' in template or '"field": "rev"' in template


def test_the_model_is_an_artifact() -> None:
    (artifact,) = FLOW["artifacts"].values()
    assert artifact["path"] in declared("export", "outs")
    assert artifact["type"] == "model"


def test_dvc_yaml_has_the_form_that_dvc_writes() -> None:
    """So that `dvc freeze STAGE` adds one line; DVC rewrites the whole file."""
    serialize = pytest.importorskip("dvc.utils.serialize")
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert serialize.dumps_yaml(serialize.parse_yaml_for_update(text, "dvc.yaml")) == text, (
        "run `dvc freeze split && dvc unfreeze split`"
    )


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("key", ["deps", "params", "outs"])
def test_entries_of_a_stage_are_sorted_as_dvc_writes_them(stage: str, key: str) -> None:
    assert declared(stage, key) == sorted(declared(stage, key))


def test_dvc_yaml_is_short() -> None:
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 280


# The tests above find nothing if these facts are empty.


def test_settings_follow_functions_and_not_whole_modules() -> None:
    assert settings_of("split") == {"seed", "age_groups", "split"}
    assert settings_of("crop_faces") == {"sources", "crop_faces"}  # fingerprints.py uses other sections, too
    assert {"tune", "loss"} <= settings_of("train")  # through the fingerprint of best.json
    assert "crop_faces.square" in settings_of("locate_points")  # a field of CropShape, in from_section
    assert "crop_faces.size" in settings_of("train")


def test_files_follow_functions_of_the_pipeline() -> None:
    assert "data/features" in files_of_data("train")  # through agelens.pipeline.training_data.head_data
    splits = {f"data/splits/{name}.csv" for name in ("train", "val", "test")}
    assert files_of_data("split") == {"data/grouped.csv", *splits}


def test_missing_and_unused_folders_are_found() -> None:
    assert missing(["data_prep/core/a.py", "data_prep/core.py"], ["data_prep/core"]) == ["data_prep/core.py"]
    assert unused(["data_prep/core", "models"], ["data_prep/core/a.py"]) == ["models"]
