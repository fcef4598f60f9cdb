"""Fixtures: a project for runs, and W&B replaced by a fake."""

from pathlib import Path
from typing import Any

import pytest

from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from tests.pipeline.demo_settings import DEMO
from tests.pipeline.tracking.fake_wandb import FakeWandb, use_fake_wandb


@pytest.fixture
def wandb(home: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    """Return a fake W&B in a home folder without W&B settings, in a process that DVC did not start."""
    for name in ("AGELENS_EXECUTION", "DVC_STAGE", "DVC_EXP_NAME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return use_fake_wandb(monkeypatch)


@pytest.fixture
def project(tmp_path: Path) -> dict[str, Any]:
    """Return the arguments of `tracked_run` that name a project: the demo's settings, an empty folder."""
    return {"params": Params.model_validate(DEMO), "paths": Paths(tmp_path / "project")}
