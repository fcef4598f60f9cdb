"""`agelens dashboard` lists runs; offline it sends nothing, online it saves a workspace."""

import pytest

from agelens.pipeline.tracking import workspace
from agelens.pipeline.tracking.local_runs import find_runs, project_address

RUNS = (
    "offline-run-20261126_094412-evaluate-tiny-20261126-094406-8aac",
    "offline-run-20261126_094001-train-tiny-20261126-094406-11aa",
    "run-20261125_120000-train-tiny-a-0f0f",
)


@pytest.fixture
def runs(folder):
    for name in RUNS:
        (folder / "wandb" / name).mkdir(parents=True)
    (folder / "wandb/latest-run").symlink_to(folder / "wandb" / RUNS[0])
    (folder / "wandb/data").mkdir()
    return folder


def test_runs_are_found_the_newest_first(runs):
    found = find_runs(runs / "wandb")
    assert [run.folder.name for run in found] == list(RUNS)
    assert [run.offline for run in found] == [True, True, False]


def test_runs_are_listed_with_how_to_upload_them(runs, agelens):
    status, out, _ = agelens("dashboard")
    assert status == 0
    assert "3 runs in wandb, the newest is evaluate-tiny-20261126-094406-8aac" in out
    assert "2 are offline; to upload them: wandb login, then wandb sync wandb/offline-run-*" in out


@pytest.fixture
def saved(monkeypatch):
    """Record for which projects workspaces are saved."""
    projects = []
    monkeypatch.setattr(workspace, "save_workspace", lambda paths: projects.append(paths) or "https://lab/agelens?nw=1")
    return projects


def test_online_the_address_of_a_workspace_is_printed(runs, saved, agelens, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    status, out, _ = agelens("dashboard")
    assert status == 0
    assert "workspace: https://lab/agelens?nw=1" in out.splitlines()
    assert len(saved) == 1


def test_online_a_workspace_needs_no_run_on_this_machine(folder, saved, agelens, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    status, out, _ = agelens("dashboard")
    assert (status, len(saved)) == (0, 1)
    assert "workspace: " in out


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_offline_no_workspace_is_saved(mode, runs, saved, agelens, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", mode)
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    status, out, _ = agelens("dashboard")
    assert (status, saved) == (0, [])
    assert "workspace" not in out


def test_a_misspelt_mode_is_one_line(runs, agelens, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "onlin")
    status, _, err = agelens("dashboard")
    assert status == 1
    assert "WANDB_MODE must be" in err


def test_no_run_is_one_line(folder, agelens):
    status, _, err = agelens("dashboard")
    assert status == 1
    assert "There is no W&B run in wandb" in err


def test_the_address_needs_a_key(monkeypatch, home):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert project_address() is None
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("WANDB_ENTITY", "lab")
    monkeypatch.setenv("WANDB_BASE_URL", "https://api.wandb.ai")
    assert project_address() == "https://wandb.ai/lab/agelens"
