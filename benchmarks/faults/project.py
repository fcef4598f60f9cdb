"""A project of a few drawn faces, whose files can be replaced and compared."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agelens.data_prep.core.archives import read_archive
from agelens.data_prep.synthetic.collection import write_synthetic
from benchmarks.faults.artefacts import Command
from benchmarks.faults.child import Ran, run_command

ROOT = Path(__file__).resolve().parents[2]

FACES = 60

WRITTEN = ("data", "reports", "weights")
"""The folders below a project into which commands write."""

NOT_COMPARED = {".lock", ".lock.pid", "seconds.json", "crops_journal.jsonl"}
"""Files with process numbers and durations, and the journal of the crops, whose lines have the order of threads."""


def settings(raw: Path) -> dict[str, Any]:
    """Return the demo's settings for the smallest network, search and training."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
    content["sources"] = {"synthetic": {"path": str(raw)}}
    content["split"] |= {"train": 0.6, "val": 0.2, "test": 0.2}
    content["crop_faces"]["size"] = 32
    content["rebalance"] |= {"copies": 2}
    content["cache_features"] |= {"views": 2, "precision": "float32"}
    content["model"] |= {"backbone": "tiny", "weights": "none"}
    content["tune"] |= {"max_epochs": 2, "batch_size": 8, "retrain": {"top": 1, "seeds": 1}, "space": {"units": [4, 8]}}
    content["train"]["phase1"] |= {"epochs": 1, "batch_size": 8}
    content["train"]["phase2"] |= {"epochs": 1, "batch_size": 8, "views": 2, "unfreeze": "block3", "trunk": "cached"}
    content["evaluate"] |= {"resamples": 20, "robustness": 4}
    content["eda"] |= {"faces_per_band": 1}
    return content


Contents = Mapping[Path, bytes]
"""The bytes of each file, by its path in the project."""


@dataclass(frozen=True)
class Project:
    """A folder in which commands run.

    Args:
        root: The folder.
    """

    root: Path

    def files(self) -> list[Path]:
        """Return the files that commands have written, relative to the folder."""
        found = (path for folder in WRITTEN for path in (self.root / folder).rglob("*"))
        return sorted(path.relative_to(self.root) for path in found if path.is_file())

    def contents(self) -> dict[Path, bytes]:
        """Return the bytes of each file that commands have written."""
        return {path: (self.root / path).read_bytes() for path in self.files()}

    def set_to(self, contents: Contents) -> None:
        """Replace everything that commands have written."""
        for folder in WRITTEN:
            shutil.rmtree(self.root / folder, ignore_errors=True)
        for path, content in contents.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(content)

    def state(self) -> dict[str, str]:
        """Return a hash of the content of each file by its name; those of `NOT_COMPARED` are left out."""
        return {path.as_posix(): _content(self.root / path) for path in self.files() if path.name not in NOT_COMPARED}

    def run(self, command: Command, **options: Any) -> Ran:
        """Run a command in the folder; see `run_command`."""
        return run_command(self.root, command, **options)


def make_project(root: Path) -> Project:
    """Write drawn faces, settings and dvc.yaml into a folder."""
    write_synthetic(root / "raw", count=FACES, seed=1, size=160)
    (root / "params.yaml").write_text(yaml.safe_dump(settings(Path("raw"))), encoding="utf-8")
    shutil.copyfile(ROOT / "dvc.yaml", root / "dvc.yaml")
    return Project(root)


def copy_project(project: Project, root: Path) -> Project:
    """Copy a project with the times of its photographs, but without what commands have written."""
    root.mkdir(parents=True, exist_ok=True)
    for path in project.root.iterdir():
        if path.is_dir() and path.name not in WRITTEN:
            shutil.copytree(path, root / path.name)
        elif path.is_file():
            shutil.copy2(path, root / path.name)
    return Project(root)


def copy_of(project: Project) -> Project:
    """Return the copy of a project that belongs to this process, beside it."""
    root = project.root.with_name(f"copy-{os.getpid()}")
    return Project(root) if root.is_dir() else copy_project(project, root)


def _content(path: Path) -> str:
    """Return a hash of what a file holds; that of the arrays of an archive, which has the times of its parts."""
    arrays = read_archive(path) if path.suffix == ".npz" else None
    if arrays is None:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    parts = {name: [str(array.dtype), array.shape, array.tobytes().hex()] for name, array in sorted(arrays.items())}
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
