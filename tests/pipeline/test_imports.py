"""The arrow of imports, one door per library, and a command that starts at once."""

import json
import subprocess
import sys

import pytest

from tests.pipeline.stage_facts import PACKAGES, ROOT, imported_modules

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
)

MAY_IMPORT = {
    "data_prep": (),
    "weights": ("data_prep.errors",),
    "models": ("data_prep", "weights"),
    "tuning": ("data_prep", "models"),
    "pipeline": ("data_prep", "weights", "models", "tuning"),
}

ANYWHERE = {"numpy", "pandas"}

DOORS = {
    "PIL": ("data_prep.images", "data_prep.dedup", "models.contact_sheet"),
    "cv2": (
        "data_prep.augment",
        "data_prep.images",
        "data_prep.crop",
        "data_prep.detect",
        "data_prep.detector_data",
        "data_prep.growing",
        "data_prep.synthetic.collection",
        "data_prep.synthetic.brush",
        "data_prep.synthetic.photo",
        "data_prep.synthetic.shading",
        "models.annotation",
    ),
    "jinja2": ("models.page",),
    "keras": (
        "models",
        "tuning.candidates",
        "tuning.search",
        "pipeline.head_trial",
        "pipeline.judged",
        "pipeline.stages.train",
    ),
    "keras_tuner": ("tuning.search", "tuning.oracle"),
    "matplotlib": ("models.plots", "models.search_plots", "models.report"),
    "openvino": ("data_prep.detect", "models.runtime"),
    "platformdirs": ("weights.fetch",),
    "pooch": ("weights.fetch",),
    "pyarrow": ("data_prep.remote",),
    "pydantic": ("pipeline.params", "pipeline.sections"),
    "ray": ("data_prep.ray_engine",),
    "rich": ("pipeline",),
    "tensorflow": ("data_prep.dataset",),
    "torch": ("weights.lite0", "data_prep.detector_export", "data_prep.yolo"),
    "typer": ("pipeline",),
    "ultralytics": ("data_prep.yolo",),
    "wandb": ("pipeline.tracking",),
    "yaml": ("pipeline.params",),
}
"""Where each library comes in. One that is not named here has no door yet: give it one."""

HEAVY = ("tensorflow", "keras", "torch", "wandb", "matplotlib", "openvino", "pandas", "cv2", "numpy")
"""What the command must not wait for before it knows what it is asked."""

REPORT = f"import json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"

HELP = (
    "import sys; sys.argv = ['agelens', '--help']; from pipeline.cli import main\ntry: main()\nexcept SystemExit: pass"
)


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
    package = module.partition(".")[0]
    allowed = (package, *MAY_IMPORT[package])
    ours = {name for name in imported_modules(module) if lies_in(name, PACKAGES)}
    assert sorted(name for name in ours if not lies_in(name, allowed)) == []


@pytest.mark.parametrize("module", MODULES)
def test_libraries_come_in_by_their_doors(module):
    libraries = {name.partition(".")[0] for name in imported_modules(module)}
    foreign = libraries - set(PACKAGES) - ANYWHERE - sys.stdlib_module_names
    assert sorted(name for name in foreign if not lies_in(module, DOORS.get(name, ()))) == []


def test_every_door_is_used():
    met = {(name.partition(".")[0], module) for module in MODULES for name in imported_modules(module)}
    idle = [
        (library, place)
        for library, places in DOORS.items()
        for place in places
        if not any(name == library and lies_in(module, (place,)) for name, module in met)
    ]
    assert idle == []


@pytest.mark.parametrize("code", [pytest.param("import pipeline.cli", id="import"), pytest.param(HELP, id="--help")])
def test_command_starts_without_heavy_libraries(code):
    assert loaded_by(code) == []


def test_predict_is_ready_without_training_libraries():
    loaded = loaded_by("import pipeline.predict_output")
    assert set(loaded) <= {"pandas", "cv2", "numpy"}
