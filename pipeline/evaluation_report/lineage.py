"""Where the numbers of a report come from: splits, network, settings, versions and commit."""

import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from agelens.pipeline.evaluation_report.comparison import changed_settings

PACKAGES = (
    *("agelens", "tensorflow", "keras", "keras-tuner", "numpy", "pandas", "pillow", "opencv-python", "openvino"),
    *("ultralytics", "dvc", "wandb"),
)


def describe_run(
    root: Path, *, files: Mapping[str, str], params: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what identifies a run, as lineage.json.

    Args:
        root: Folder of params.yaml; `git` is asked about it, if there is one.
        files: The first digits of the SHA-256 of files, by what they are.
        params: The settings, nested.
        data: The content of params.yaml, which is compared with that of the last commit, or else with the most similar
            file in `params/`.
    """
    reference, other = _reference(root, data)
    return {
        "commit": _git(root, "rev-parse", "HEAD"),
        "changed_files": _git(root, "status", "--porcelain", "--untracked-files=no"),
        "files": dict(files),
        "params": dict(flat(params)),
        "compared_with": reference,
        "changed": changed_settings(dict(flat(data)), dict(flat(other))) if reference else [],
        "python": platform.python_version(),
        "packages": dict(_versions()),
    }


def flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield settings as dotted names and values."""
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)


def _reference(root: Path, data: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the committed params.yaml, or else the most similar file in `params/`, with its name."""
    committed = _git(root, "show", "HEAD:./params.yaml")
    if committed:
        return "params.yaml of the last commit", yaml.safe_load(committed)
    recipes = {
        f"params/{path.name}": yaml.safe_load(path.read_text()) for path in sorted((root / "params").glob("*.yaml"))
    }
    if not recipes:
        return "", {}
    own = dict(flat(data))
    nearest = min(recipes, key=lambda name: len(changed_settings(own, dict(flat(recipes[name])))))
    return nearest, recipes[nearest]


def _git(root: Path, *words: str) -> str | None:
    """Return the output of git, or None where there is no git, no repository or no such object."""
    if shutil.which("git") is None:
        return None
    ran = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else None


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
