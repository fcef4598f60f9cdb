"""Imports run one way, each library is imported by a few modules, and the command starts without heavy libraries."""

import json
import subprocess
import sys

import pytest

from agelens.pipeline.config.code_hashes import import_closure, imports_of, is_ours
from agelens.pipeline.extras import EXTRAS
from tests.locations import ROOT
from tests.pipeline.stage_facts import PACKAGES

MODULES = sorted(
    "agelens." + ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
)

MAY_IMPORT = {
    "data_prep": (),
    "weights": ("agelens.data_prep.core.errors", "agelens.data_prep.core.hashing"),
    "models": ("agelens.data_prep", "agelens.weights"),
    "tuning": ("agelens.data_prep", "agelens.models"),
    "pipeline": ("agelens.data_prep", "agelens.weights", "agelens.models", "agelens.tuning"),
}

ANYWHERE = {"numpy", "pandas"}

IMPORTERS = {
    "PIL": (
        "agelens.data_prep.core.image_inputs",
        "agelens.data_prep.core.decoding",
        "agelens.data_prep.core.images",
        "agelens.data_prep.exploration.headers",
        "agelens.data_prep.splits.crop_signature",
        "agelens.models.serving.annotation",
        "agelens.pipeline.contact_sheets.sheet",
    ),
    "altair": ("agelens.pipeline.evaluation_report", "agelens.pipeline.exploration", "agelens.pipeline.reports"),
    "cv2": (
        "agelens.data_prep.batches.augment",
        "agelens.data_prep.batches.camera",
        "agelens.data_prep.batches.degradation",
        "agelens.data_prep.core.resampling.with_opencv",
        "agelens.data_prep.exploration.pixels",
        "agelens.data_prep.faces.sharpness",
        "agelens.data_prep.detector_training.yolo_data",
        "agelens.data_prep.synthetic.collection",
        "agelens.data_prep.synthetic.brush",
        "agelens.data_prep.synthetic.photo",
        "agelens.data_prep.synthetic.shading",
        "agelens.pipeline.video",
    ),
    "anyio": ("agelens.pipeline.service", "agelens.pipeline.web_page"),
    "fastapi": ("agelens.pipeline.service",),
    "fastapi_offline": ("agelens.pipeline.service",),
    "filelock": ("agelens.pipeline.config.project_lock",),
    "gradio": ("agelens.pipeline.web_page",),
    "huggingface_hub": ("agelens.models.hub",),
    "jinja2": ("agelens.pipeline.html",),
    "keras": (
        "agelens.models",
        "agelens.tuning.model_factory",
        "agelens.tuning.search",
        "agelens.pipeline.cross_validation.frozen_head",
        "agelens.pipeline.training_data.network_outputs",
        "agelens.pipeline.stages.train",
        "agelens.pipeline.training.network",
    ),
    "keras_tuner": (
        "agelens.tuning.search",
        "agelens.tuning.keras_tuner_patches",
        "agelens.tuning.one_rung_oracles",
    ),
    "markupsafe": ("agelens.pipeline.exploration.findings", "agelens.pipeline.reports.numbers"),
    "limits": ("agelens.pipeline.service", "agelens.pipeline.commands.servers"),
    "openvino": (
        "agelens.data_prep.core.openvino_requests",
        "agelens.data_prep.core.resampling.without_opencv",
        "agelens.data_prep.faces.detector",
        "agelens.data_prep.faces.points",
        "agelens.models.serving.mirroring",
        "agelens.models.exports.openvino_reader",
        "agelens.models.serving.runtime",
    ),
    "onnxruntime": ("agelens.models.exports.onnx_format",),
    "pillow_heif": ("agelens.data_prep.core.decoding.files",),
    "platformdirs": ("agelens.weights.fetch",),
    "pooch": ("agelens.weights.fetch",),
    "psutil": ("agelens.pipeline.tracking.executions",),
    "pyarrow": ("agelens.data_prep.sources.remote",),
    "pydantic": (
        "agelens.pipeline.config.params",
        "agelens.pipeline.config.sections",
        "agelens.pipeline.service.answers",
    ),
    "ray": ("agelens.data_prep.sources.ray_cluster",),
    "rich": ("agelens.pipeline",),
    "tensorflow": (
        "agelens.data_prep.batches.dataset",
        "agelens.data_prep.batches.damaged_crops",
        "agelens.models.training.distribution",
        "agelens.models.exports.litert_format",
        "agelens.models.exports.tensorflow_formats",
    ),
    "tf2onnx": ("agelens.models.exports.onnx_format",),
    "torch": (
        "agelens.weights.lite0",
        "agelens.data_prep.detector_training.yolo_export",
        "agelens.data_prep.faces.torch_detector",
    ),
    "supervision": ("agelens.pipeline.video.face_tracker",),
    "trackers": ("agelens.pipeline.video.face_tracker",),
    "typer": ("agelens.pipeline",),
    "ultralytics": ("agelens.data_prep.faces.torch_detector",),
    "vl_convert": ("agelens.pipeline.reports.charts",),
    "starlette": ("agelens.pipeline.service", "agelens.pipeline.web_page"),
    "uvicorn": ("agelens.pipeline.commands.servers",),
    "wandb": ("agelens.pipeline.tracking",),
    "wandb_workspaces": ("agelens.pipeline.tracking.workspace",),
    "yaml": ("agelens.pipeline.config.yaml_file", "agelens.pipeline.evaluation_report.lineage"),
}
"""The modules and packages that may import each library."""

HEAVY = ("tensorflow", "keras", "torch", "wandb", "matplotlib", "openvino", "pandas", "cv2", "numpy")
"""Libraries that `agelens --help` must not load."""

REPORT = f"import json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"

HELP = """
import sys
from agelens.pipeline.commands.main import main
sys.argv = ["agelens", "--help"]
try:
    main()
except SystemExit:
    pass
"""


def lies_in(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def loaded_by(code: str) -> list[str]:
    """Return which heavy libraries are loaded after some code has run in a fresh interpreter."""
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{REPORT}"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module):
    package = module.split(".")[1]
    allowed = (f"agelens.{package}", *MAY_IMPORT[package])
    ours = {name for name in imports_of(module) if is_ours(name)}
    assert sorted(name for name in ours if not lies_in(name, allowed)) == []


@pytest.mark.parametrize("module", MODULES)
def test_libraries_are_imported_by_few_modules(module):
    libraries = {name.partition(".")[0] for name in imports_of(module)}
    foreign = libraries - {"agelens"} - ANYWHERE - sys.stdlib_module_names
    assert sorted(name for name in foreign if not lies_in(module, IMPORTERS.get(name, ()))) == []


def test_every_importer_imports_its_library():
    found = {(name.partition(".")[0], module) for module in MODULES for name in imports_of(module)}
    idle = [
        (library, place)
        for library, places in IMPORTERS.items()
        for place in places
        if not any(name == library and lies_in(module, (place,)) for name, module in found)
    ]
    assert idle == []


@pytest.mark.parametrize("stage", ["tune", "train"])
def test_training_depends_on_no_plotting_evaluation_or_calibration(stage):
    found = import_closure(f"agelens.pipeline.stages.{stage}")
    later = (
        "agelens.pipeline.reports",
        "agelens.pipeline.html",
        "agelens.models.evaluation",
        "agelens.models.calibration",
    )
    assert "agelens.tuning.recipe" in found
    assert sorted(name for name in found if lies_in(name, later)) == []


@pytest.mark.parametrize(
    "code", [pytest.param("import agelens.pipeline.commands.main", id="import"), pytest.param(HELP, id="--help")]
)
def test_command_starts_without_heavy_libraries(code):
    assert loaded_by(code) == []


def test_predict_starts_without_training_libraries():
    loaded = loaded_by("import agelens.pipeline.prediction.output")
    assert set(loaded) <= {"cv2", "numpy"}


@pytest.mark.parametrize(
    "root",
    [
        "agelens.models.serving.predictor",
        "agelens.pipeline.prediction.output",
        "agelens.pipeline.service.app",
    ],
)
def test_prediction_runs_without_opencv(root):
    users = {name for name in import_closure(root) if "cv2" in imports_of(name)}
    assert users == {"agelens.data_prep.core.resampling.with_opencv"}


def test_the_command_names_the_extra_of_every_library_that_may_be_missing():
    """Otherwise an installation without it would end with a traceback."""
    base = {"PIL", "numpy", "openvino", "platformdirs", "pooch", "pydantic", "rich", "typer", "yaml"}
    checked_where_used = {"pillow_heif", "pyarrow", "ray"}
    parts_of_fastapi = {"anyio", "starlette"}
    assert set(IMPORTERS) - base - checked_where_used - parts_of_fastapi - set(EXTRAS) == set()
