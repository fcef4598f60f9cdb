"""The W&B runs in the folder of a project, and their project on the server."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from agelens.pipeline.tracking.modes import has_credentials

RUN_FOLDER = re.compile(r"(offline-)?run-([0-9]{8}_[0-9]{6})-(.+)")


@dataclass(frozen=True)
class LocalRun:
    """A run on this machine.

    Args:
        folder: Its files.
        started: Time of its start, as it sorts.
        name: Its id, which begins with the stage and the backbone.
        offline: Whether it has not been sent to the server.
    """

    folder: Path
    started: str
    name: str
    offline: bool


def find_runs(folder: Path) -> list[LocalRun]:
    """Return the runs in a folder, the newest first."""
    found = ((path, RUN_FOLDER.fullmatch(path.name)) for path in folder.glob("*run-*"))
    runs = [LocalRun(path, match[2], match[3], bool(match[1])) for path, match in found if match and path.is_dir()]
    return sorted(runs, key=lambda run: run.started, reverse=True)


def project_address() -> str | None:
    """Return the address of the project on W&B's server; None without a key. Nothing is sent."""
    if not (os.environ.get("WANDB_API_KEY") or has_credentials()):
        return None
    server = os.environ.get("WANDB_BASE_URL", "https://wandb.ai").replace("://api.", "://").rstrip("/")
    entity, project = os.environ.get("WANDB_ENTITY"), os.environ.get("WANDB_PROJECT", "agelens")
    return f"{server}/{entity}/{project}" if entity else f"{server}/home (project {project})"
