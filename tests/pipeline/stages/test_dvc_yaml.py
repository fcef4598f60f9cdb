"""dvc.yaml says of every stage what the code says: neither a line too little nor one too many."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from agelens.pipeline.stages import STAGES
from tests.locations import ROOT
from tests.pipeline.stage_facts import (
    PACKAGES,
    WITHOUT_IDEAS,
    files_of_data,
    files_of_modules,
    is_module,
    sections_of,
)

FLOW = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
SECTIONS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")).keys()

RECORDS_ALL_PARAMS = {
    "train": "W&B's record of the run",
    "evaluate": "W&B's record of the run",
    "report": "W&B's record of the run, and the report's list of settings",
}
"""Stages that write down the whole of params.yaml. A setting that changed nothing that reaches them need not rerun
them: they then show the settings of the run that made the result."""

TEST_SPLIT = "data/splits/test.csv"


def names_of(entries: list[Any]) -> list[str]:
    """Return files without their options."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def declared(stage: str, key: str) -> list[str]:
    return names_of(FLOW["stages"][stage].get(key, []))


def lies_in(path: str, folders: set[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def wrong_lines(stage: str, key: str, *, stated: set[str], true: set[str]) -> list[str]:
    """Return the lines that dvc.yaml must gain (+) and lose (-)."""
    return [
        *(f"{stage}.{key}: + {name}" for name in sorted(true - stated)),
        *(f"{stage}.{key}: - {name}" for name in sorted(stated - true)),
    ]


def is_source(path: str) -> bool:
    """Return whether a dependency is code, or lies beside it, rather than data."""
    return path.endswith(".py") or path.partition("/")[0] in set(PACKAGES) - {"weights"}


def wrong_modules(stage: str, deps: list[str]) -> list[str]:
    return wrong_lines(stage, "deps", stated={path for path in deps if is_source(path)}, true=files_of_modules(stage))


def wrong_params(stage: str, params: list[str]) -> list[str]:
    return wrong_lines(stage, "params", stated=set(params), true=sections_of(stage) - {"model_dump"})


def wrong_data(stage: str, deps: list[str], outs: list[str]) -> list[str]:
    """Return what is wrong with the files: what the code names is written by the stage itself, or read by it."""
    named, written = files_of_data(stage), set(outs)
    read = {path for path in named if not lies_in(path, written)}
    idle = {out for out in written if not any(lies_in(path, {out}) for path in named)}
    stated = {path for path in deps if not is_source(path)}
    return [
        *wrong_lines(stage, "deps", stated=stated, true=read),
        *wrong_lines(stage, "outs", stated=written, true=written - idle),
    ]


def show(lines: list[str]) -> str:
    return "dvc.yaml must be changed:\n" + "\n".join(lines)


@pytest.mark.parametrize("stage", STAGES)
def test_modules_are_those_that_the_stage_imports(stage):
    lines = wrong_modules(stage, declared(stage, "deps"))
    assert not lines, show(lines)


@pytest.mark.parametrize("stage", STAGES)
def test_sections_are_those_that_the_stage_uses(stage):
    lines = wrong_params(stage, declared(stage, "params"))
    assert not lines, show(lines)


@pytest.mark.parametrize("stage", STAGES)
def test_files_are_those_that_the_stage_reads_and_writes(stage):
    lines = wrong_data(stage, declared(stage, "deps"), declared(stage, "outs"))
    assert not lines, show(lines)


def test_whole_params_are_only_used_to_be_written_down():
    assert {stage for stage in STAGES if "model_dump" in sections_of(stage)} == RECORDS_ALL_PARAMS.keys()


def test_only_evaluate_and_report_read_the_test_split():
    assert [stage for stage in STAGES if lies_in(TEST_SPLIT, set(declared(stage, "deps")))] == ["evaluate", "report"]
    assert [stage for stage in STAGES if TEST_SPLIT in files_of_data(stage)] == ["split", "evaluate", "report"]


def test_stages_are_those_of_the_flow_in_its_order():
    assert list(FLOW["stages"]) == list(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_stage_is_a_name_of_a_file_a_section_and_a_command(stage):
    assert (ROOT / f"pipeline/stages/{stage}.py").is_file()
    assert stage in SECTIONS
    assert stage in declared(stage, "params")
    assert FLOW["stages"][stage]["cmd"] == f"python -m agelens run {stage}"


def test_no_stage_is_left_out_of_the_flow():
    assert {path.stem for path in (ROOT / "pipeline/stages").glob("*.py")} - {"__init__"} == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_declared_sections_exist(stage):
    assert not set(declared(stage, "params")) - set(SECTIONS)


def test_every_section_is_used_by_some_stage():
    assert set(SECTIONS) == {section for stage in STAGES for section in declared(stage, "params")}


@pytest.mark.parametrize("stage", STAGES)
def test_data_comes_from_an_earlier_stage_or_is_committed(stage):
    earlier = {out for name in STAGES[: STAGES.index(stage)] for out in declared(name, "outs")}
    data = [path for path in declared(stage, "deps") if not is_source(path)]
    assert [path for path in data if not lies_in(path, earlier | {"weights/embedded"})] == []


def test_metrics_and_plots_are_written_by_stages():
    outs = {out for stage in STAGES for out in declared(stage, "outs")}
    assert [path for path in [*FLOW["metrics"], *plotted_files()] if not lies_in(path, outs)] == []


def plotted_files() -> Iterator[str]:
    for plot in FLOW["plots"]:
        if isinstance(plot, str):
            yield plot
        else:
            for settings in plot.values():
                yield from settings["y"]


# The tests above are only as good as the facts: these are known by heart.


def test_sections_follow_functions_and_not_whole_modules():
    assert sections_of("split") == {"seed", "age_groups", "split"}
    assert sections_of("crop_faces") == {"sources", "crop_faces"}  # its fingerprint module also knows the tuner's
    assert {"tune", "loss"} <= sections_of("train")  # by way of the fingerprint of best.json
    assert "augment" in sections_of("cache_features")  # by way of agelens.pipeline.config.from_section


def test_files_follow_folders_constants_and_pipeline_functions():
    assert "weights/embedded/face_detector.bin" in files_of_data("crop_faces")
    assert "data/features" in files_of_data("train")  # by way of agelens.pipeline.training_data.head_data
    assert "reports/train/history.csv" in files_of_data("report")


def test_modules_follow_imports_of_imports_and_templates():
    assert {"weights/lite0.py", "pipeline/config/from_section.py"} <= files_of_modules("cache_features")
    assert "data_prep/readers/__init__.py" in files_of_modules("build_manifest")
    assert "pipeline/reports/templates/report.html.j2" in files_of_modules("report")
    assert not any(
        path.startswith(("pipeline/config/params", "pipeline/tracking")) for path in files_of_modules("train")
    )


def test_modules_without_ideas_exist():
    assert [name for name in WITHOUT_IDEAS if not is_module(name)] == []


@pytest.mark.parametrize(
    "lost", ["models/training/losses.py", "pipeline/training_data/head_data.py", "tuning/results.py"]
)
def test_lost_module_is_named(lost):
    deps = [path for path in declared("train", "deps") if path != lost]
    assert wrong_modules("train", deps) == [f"train.deps: + {lost}"]


def test_wrong_section_is_named():
    assert wrong_params("split", ["seed", "split", "tune"]) == ["split.params: + age_groups", "split.params: - tune"]


def test_wrong_file_is_named():
    deps, outs = ["pipeline/stages/split.py", "data/faces.csv"], declared("split", "outs")
    assert wrong_data("split", deps, [*outs, "data/more.csv"]) == [
        "split.deps: + data/grouped.csv",
        "split.deps: - data/faces.csv",
        "split.outs: - data/more.csv",
    ]
