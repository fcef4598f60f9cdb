"""The wheel holds the bundled models and predicts without any training library."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from agelens.data_prep.core.images import write_jpeg
from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.weights.defaults import AGE_MODEL
from tests.locations import ROOT

NEEDED_TO_BUILD = ("LICENSE*", "NOTICE", "README.md", "pyproject.toml")
PACKAGES = ("agelens", "data_prep", "models", "pipeline", "tuning", "weights")
NOT_SHIPPED = ("__pycache__", "pretrained", "trained", "exported")

pytestmark = pytest.mark.slow


def run(*words: str | Path, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, without PYTHONPATH, so that nothing is imported from this checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not check or ran.returncode == 0, ran.stdout + ran.stderr
    return ran


def pip(*words: str | Path, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", *words, folder=folder, check=check)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that no build leaves files in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    for path in [path for pattern in NEEDED_TO_BUILD for path in ROOT.glob(pattern)]:
        shutil.copy(path, source)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder=source)
    (built,) = folder.glob("agelens-*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of a fresh environment with only the wheel and its base dependencies."""
    folder = tmp_path_factory.mktemp("bare")
    constraints = ("--constraint", ROOT / "constraints.txt")
    probe = pip("download", "--quiet", "--no-deps", *constraints, "platformdirs", folder=folder, check=False)
    if probe.returncode:
        pytest.skip(f"pip reaches no package index: {probe.stderr.strip().splitlines()[-1]}")
    venv.create(folder / "venv", with_pip=False)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip("--python", programs / "python", "install", "--quiet", *constraints, wheel, folder=folder)
    return programs


def test_wheel_holds_models_and_templates_and_no_tests(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = {path.relative_to(ROOT).as_posix() for path in _shipped()}
    assert len(shipped) > 4
    assert {f"agelens/{name}" for name in shipped} <= names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"agelens"}


def test_wheel_states_the_licences_of_the_program_and_of_the_model(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        stated = archive.read(name).decode()
        files = {Path(name).name for name in archive.namelist() if ".dist-info/licenses/" in name}
    assert "License-Expression: AGPL-3.0-or-later AND LicenseRef-agelens-age-model\n" in stated
    assert files == {"LICENSE", "LICENSE-AGE-MODEL", "NOTICE"}


def _shipped() -> list[Path]:
    """Return the files of the wheel that are not Python: models, their documentation and templates."""
    folders = (ROOT / "weights/embedded", ROOT / "pipeline/reports/templates")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [*files, ROOT / "weights/README.md"]


def test_a_script_beside_folders_of_the_same_names_imports_its_own(bare: Path, tmp_path: Path) -> None:
    for name in ("models", "pipeline", "weights"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("OWNER = 'user'\n")
    (tmp_path / "script.py").write_text(
        "import agelens, models, pipeline, weights\n"
        "assert {models.OWNER, pipeline.OWNER, weights.OWNER} == {'user'}\n"
        "print(agelens.AgePredictor.__module__)\n"
    )
    ran = run(bare / "python", "script.py", folder=tmp_path)
    assert ran.stdout.strip() == "agelens.models.serving.predictor"


def test_help_works_in_an_empty_folder(bare: Path, tmp_path: Path) -> None:
    assert "predict" in run(bare / "agelens", "--help", folder=tmp_path).stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("library", ["tensorflow", "keras", "torch", "ultralytics", "wandb", "dvc", "matplotlib"])
def test_training_libraries_are_not_installed(library: str, bare: Path, tmp_path: Path) -> None:
    ran = run(bare / "python", "-c", f"import {library}", folder=tmp_path, check=False)
    assert f"No module named '{library}'" in ran.stderr


def test_predict_works_in_an_empty_folder(bare: Path, tmp_path: Path) -> None:
    if not (AGE_MODEL / "model.json").is_file():
        pytest.skip("this checkout has no bundled age model: weights/embedded/age_model/model.json")
    for index, (photo, _) in enumerate(make_detector_examples(8, seed=5)):
        write_jpeg(tmp_path / f"{index}.jpg", photo)
    ran = run(bare / "agelens", "predict", tmp_path, "--json", folder=tmp_path)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    faces = [face for answer in answers for face in answer["faces"]]
    assert [Path(answer["path"]).name for answer in answers] == [f"{index}.jpg" for index in range(8)]
    assert len(faces) >= 4
    assert all(face["interval"][0] <= face["age"] <= face["interval"][1] for face in faces)
    assert all(0 <= face["age"] <= 100 for face in faces)
