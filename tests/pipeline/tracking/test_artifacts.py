"""Which artifacts runs make and use, by recorded calls; without a server, by digests in the config."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agelens.data_prep.core.hashing import file_hash
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.names import part_of_a_protocol
from agelens.pipeline.tracking.runs import tracked_run
from tests.pipeline.tracking.fake_wandb import CommError, FakeWandb

Project = dict[str, Any]
SPLITS = ("train.csv", "val.csv", "test.csv")


@pytest.fixture
def paths(project: Project) -> Paths:
    """Return the files of a project with splits, a network, an exported model, and crops that no run may name."""
    found: Paths = project["paths"]
    for path in (
        *(found.split_train, found.split_val, found.split_test, found.age_net),
        *(found.exported / name for name in ("age_net.bin", "model.json")),
        found.crops / "set/0.jpg",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return found


@pytest.fixture
def online(wandb: FakeWandb, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    """Return a W&B with a key, so that runs are online, and a project with files."""
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    return wandb


def run_stages(project: Project, *jobs: str) -> None:
    for job in jobs:
        with tracked_run(job, **project):
            pass


def edges(wandb: FakeWandb) -> list[tuple[str, str, str]]:
    """Return which run makes or uses which artifact."""
    return [(run.options["job_type"], edge, artifact.name) for run in wandb.runs for edge, artifact, _ in run.artifacts]


def test_online_runs_make_and_use_artifacts(online: FakeWandb, project: Project) -> None:
    run_stages(project, "crop_faces", "split", "train", "calibrate", "evaluate", "eda", "report", "export")
    splits, network, model = "splits-synthetic", "network-efficientnet_lite0", "age-model-efficientnet_lite0"
    assert edges(online) == [
        ("split", "makes", splits),
        ("train", "uses", splits),
        ("train", "makes", network),
        *[(stage, "uses", name) for stage in ("calibrate", "evaluate") for name in (splits, network)],
        ("eda", "uses", splits),
        *[("export", "uses", name) for name in (splits, network)],
        ("export", "makes", model),
    ]


def test_splits_and_network_are_references_and_the_model_is_a_copy_with_an_alias(online, project, paths):
    run_stages(project, "split", "train", "export")
    made = {artifact.type: (artifact, aliases) for run in online.runs for _, artifact, aliases in run.artifacts}
    splits, _ = made["dataset"]
    assert splits.references == {name: f"file://{paths.split_train.parent.resolve() / name}" for name in SPLITS}
    assert (splits.copies, made["network"][0].copies) == ({}, {})
    model, aliases = made["model"]
    assert sorted(model.copies) == ["age_net.bin", "model.json"]
    assert (model.references, aliases) == ({}, ["best"])
    assert model.metadata["model.json"] == file_hash(paths.exported / "model.json")[:16]


def test_offline_runs_name_what_they_use_by_digests(wandb: FakeWandb, project: Project, paths: Paths) -> None:
    run_stages(project, "split", "train", "evaluate")
    assert edges(wandb) == [("split", "makes", "splits-synthetic"), ("train", "makes", "network-efficientnet_lite0")]
    inputs = wandb.options["config"]["inputs"]
    assert inputs["splits"] == {name: file_hash(paths.split_train.parent / name)[:16] for name in SPLITS}
    assert inputs["network"] == {"age_net.keras": file_hash(paths.age_net)[:16]}


def test_names_of_many_sources_are_cut(wandb: FakeWandb, project: Project, paths: Paths) -> None:
    source = project["params"].sources["synthetic"]
    project["params"] = project["params"].model_copy(update={"sources": {f"source {i}": source for i in range(99)}})
    run_stages(project, "split")
    ((_, _, name),) = edges(wandb)
    assert len(name) <= 128  # W&B refuses longer ones
    assert name.startswith("splits-source-0-source-1-")


def test_a_failed_run_makes_nothing(online: FakeWandb, project: Project) -> None:
    with pytest.raises(RuntimeError), tracked_run("train", **project):
        raise RuntimeError
    assert edges(online) == [("train", "uses", "splits-synthetic")]


def test_a_fold_makes_and_uses_nothing(online: FakeWandb, project: Project) -> None:
    with part_of_a_protocol("fold 1 of 3"):
        run_stages(project, "train", "evaluate")
    assert edges(online) == []


def test_missing_files_are_no_artifact(wandb: FakeWandb, project: Project) -> None:
    run_stages(project, "train", "export")
    assert edges(wandb) == []
    assert wandb.options["config"]["inputs"] == {}


@pytest.mark.parametrize("error", [CommError("no [connection]\nmore"), ValueError("no [connection]")])
@pytest.mark.parametrize(("stage", "name"), [("calibrate", "splits-synthetic"), ("split", "splits-synthetic")])
def test_a_server_that_does_not_take_an_artifact_does_not_stop_a_stage(stage, name, error, online, project, capsys):
    def refuse() -> None:
        online.run.refused = error

    online.started = refuse
    run_stages(project, stage)
    printed = " ".join(capsys.readouterr().err.split())
    assert printed.count("W&B did not record") == 1  # though the run of `calibrate` uses two
    assert f"did not record the artifact {name} of this run (no [connection])" in printed
    assert "more" not in printed
    assert online.run.exit_codes == [0]


def test_a_server_that_does_not_answer_is_not_waited_for(online, project, capsys, monkeypatch):
    answered = Event()

    def wait() -> None:
        online.run.wait = answered.wait

    online.started = wait
    monkeypatch.setattr("agelens.pipeline.tracking.run.ANSWER_TIMEOUT", 0.01)
    run_stages(project, "train")
    answered.set()
    assert "no answer within 0.01 seconds" in " ".join(capsys.readouterr().err.split())
    assert online.run.exit_codes == [0]


def test_no_artifact_names_a_photograph_or_a_crop(online: FakeWandb, project: Project, paths: Paths) -> None:
    run_stages(project, "crop_faces", "split", "train", "export")
    artifacts = [artifact for run in online.runs for _, artifact, _ in run.artifacts]
    files = {Path(name).suffix for artifact in artifacts for name in (*artifact.copies, *artifact.references)}
    assert files == {".csv", ".keras", ".bin", ".json"}
